// An application service of the npm package matrix-appservice that does nothing with what it gets.
// Arguments: folder the package is installed in, hs_token. Prints {"url": …} when it listens; ends with its input.
import { createRequire } from "node:module";

const [, , folder, token] = process.argv;
const { AppService } = createRequire(`${folder}/package.json`)("matrix-appservice");
const service = new AppService({ homeserverToken: token, httpMaxSizeBytes: 50 * 1024 * 1024 });
service.on("event", () => {});
service.on("http-log", () => {});
void service.listen(0, "127.0.0.1").then(() => {
  const { port } = service.server.address();
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/_matrix/app/v1` })}\n`);
});
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
