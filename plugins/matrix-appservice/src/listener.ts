import { createServer as createNodeServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HookResponse, Log, Receive } from "@botyard/sdk";
import { maxBodyBytes } from "./receive.ts";

/** A listener of our own. */
export interface Listening {
  /** `http://127.0.0.1:29400` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Carries HTTP to a receiver. */
export interface Listener {
  /** For any web framework. */
  handle(request: Request): Promise<Response>;
  /** Throws what the system says where the port is taken. */
  listen(at: { readonly port: number; readonly host?: string }): Promise<Listening>;
  /** Closes all that listen. */
  close(): Promise<void>;
}

type Receiver = NonNullable<Receive["http"]>;

const tooLarge: HookResponse = { status: 413, json: { errcode: "M_TOO_LARGE", error: "Too large" } };
const broken: HookResponse = { status: 500, json: { errcode: "M_UNKNOWN", error: "Internal server error" } };

/** Carries HTTP to the receiver, from any framework or from a listener of our own. */
export function createListener(receive: Receiver, { log }: { readonly log: Log }): Listener {
  const open = new Set<Listening>();

  async function answer(
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
  ): Promise<HookResponse> {
    try {
      const query = Object.fromEntries(url.searchParams);
      return await receive({ method, path: url.pathname, query, headers, body });
    } catch (error) {
      log.error("a request of the homeserver failed", { error });
      return broken;
    }
  }

  async function handle(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const { status, json } =
      body.length > maxBodyBytes
        ? tooLarge
        : await answer(request.method, new URL(request.url), Object.fromEntries(request.headers), body);
    return Response.json(json ?? {}, { status });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of request) {
      const part = chunk as Uint8Array;
      size += part.length;
      if (size <= maxBodyBytes) chunks.push(part);
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : (value ?? ""),
      ]),
    );
    const url = new URL(request.url ?? "/", "http://localhost");
    const { status, json } =
      size > maxBodyBytes ? tooLarge : await answer(request.method ?? "GET", url, headers, Buffer.concat(chunks));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(json ?? {}));
  }

  async function listen({
    port,
    host = "127.0.0.1",
  }: {
    readonly port: number;
    readonly host?: string;
  }): Promise<Listening> {
    const server: Server = createNodeServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        log.warn("a request of the homeserver broke off", { error });
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    const { port: bound } = server.address() as AddressInfo;
    const listening: Listening = {
      url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
      port: bound,
      async close() {
        open.delete(listening);
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
    open.add(listening);
    return listening;
  }

  return {
    handle,
    listen,
    async close(): Promise<void> {
      await Promise.all([...open].map((each) => each.close()));
    },
  };
}
