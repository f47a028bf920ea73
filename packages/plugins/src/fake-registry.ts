import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { integrityOf } from "./integrity.ts";

export interface Published {
  readonly name: string;
  readonly version: string;
  readonly tarball: Uint8Array;
  /** Instead of the true one. */
  readonly integrity?: string | null;
  readonly deprecated?: string;
}

export interface FakeRegistry {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  publish(one: Published): void;
  tag(name: string, tag: string, version: string): void;
  /** The next tarball ends after half of it: the connection is cut. */
  cut(): void;
  /** Everything is answered with this status from now on; null: as usual. */
  fail(status: number | null): void;
  close(): Promise<void>;
}

/** For tests: an npm registry on a free port of this machine, as much of it as installing needs. */
export async function createFakeRegistry(): Promise<FakeRegistry> {
  const packages = new Map<string, { tags: Record<string, string>; versions: Map<string, Published> }>();
  const asked: string[] = [];
  let [cutNext, status] = [false, null as number | null];
  let url = "";

  function packument(name: string): unknown {
    const found = packages.get(name);
    if (!found) return null;
    const versions = [...found.versions.values()].map((one) => [
      one.version,
      {
        name,
        version: one.version,
        ...(one.deprecated === undefined ? {} : { deprecated: one.deprecated }),
        dist: {
          tarball: `${url}/${name}/-/${one.version}.tgz`,
          ...(one.integrity === null ? {} : { integrity: one.integrity ?? integrityOf(one.tarball) }),
        },
      },
    ]);
    return { name, "dist-tags": found.tags, versions: Object.fromEntries(versions) };
  }

  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    asked.push(path);
    if (status !== null) return void response.writeHead(status).end("no");
    const file = /^(.+)\/-\/(.+)\.tgz$/.exec(path);
    if (file) {
      const found = packages.get(file[1] ?? "")?.versions.get(file[2] ?? "");
      if (!found) return void response.writeHead(404).end();
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": found.tarball.length });
      if (!cutNext) return void response.end(found.tarball);
      cutNext = false;
      return void response.write(found.tarball.subarray(0, found.tarball.length >> 1), () => response.destroy());
    }
    const found = packument(path);
    if (found === null) return void response.writeHead(404).end("{}");
    return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    asked,
    publish(one) {
      const found = packages.get(one.name) ?? { tags: {}, versions: new Map<string, Published>() };
      found.versions.set(one.version, one);
      found.tags["latest"] = one.version;
      packages.set(one.name, found);
    },
    tag(name, tag, version) {
      const found = packages.get(name);
      if (found) found.tags[tag] = version;
    },
    cut: () => void (cutNext = true),
    fail: (next) => void (status = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
