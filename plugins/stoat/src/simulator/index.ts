import { BotyardError, type Socket } from "@botyard/sdk";
import { accountRoutes, addPerson } from "./accounts.ts";
import { botRoutes } from "./bots.ts";
import { channelRoutes } from "./channels.ts";
import { serveFiles } from "./files.ts";
import { createGateway, type Gateway } from "./gateway.ts";
import { markRoutes, webhookRoutes } from "./marks.ts";
import { messageRoutes } from "./messages.ts";
import { createModel, type World, type WorldOptions } from "./model.ts";
import { oauth2Routes } from "./oauth2.ts";
import { createRateLimits } from "./rate-limits.ts";
import { Guard, guardResponse, Refusal } from "./refusal.ts";
import { rootJson } from "./root.ts";
import { askOf, matching, route, type Route } from "./route.ts";
import { serverRoutes } from "./servers.ts";
import { memorySocket } from "./socket.ts";
import { userRoutes } from "./users.ts";

export type { World, WorldOptions } from "./model.ts";
export { addPerson } from "./accounts.ts";
export { serveGateway, type Loopback } from "./loopback.ts";
export { put } from "./messages.ts";
export { joinServer, makeChannel, makeServer } from "./servers.ts";

/** Goes wrong once, or as often as said, with requests that fit. */
export interface Fault {
  readonly fits?: (request: Request) => boolean;
  readonly times?: number;
  /** `lose-answer`: done, and the connection breaks before the answer. `refuse`: it never arrives. */
  readonly kind: "lose-answer" | "refuse" | "answer" | "slow" | "twice";
  /** For `answer`. */
  readonly status?: number;
  readonly body?: string;
  readonly type?: string;
  /** For `slow`. */
  readonly delayMs?: number;
}

/** A Stoat instance in memory: API, gateway and file server, as its recordings show them. */
export interface Simulator {
  readonly world: World;
  readonly gateway: Gateway;
  /** Requests to the API, and below the file server's address to that. */
  fetch(request: Request): Promise<Response>;
  /** A socket to the gateway without a network. */
  socket(url: string, options?: { readonly signal?: AbortSignal }): Promise<Socket>;
  fault(fault: Fault): void;
  /** Forgets keys of sends, as a restart does. */
  restart(options?: Partial<WorldOptions>): void;
  person(name: string): { readonly id: string; readonly token: string };
}

export function createSimulator(options: WorldOptions = {}): Simulator {
  const world = createModel({
    api: "https://stoat.test",
    gateway: "wss://stoat.test/ws",
    autumn: "https://stoat.test/autumn",
    ...options,
  });
  const gateway = createGateway(world);
  const rate = createRateLimits(() => world);
  const faults: { readonly fault: Fault; left: number }[] = [];

  const routes = (): readonly Route[] => [
    route("GET /", () => rootJson(world.options)),
    route("GET /ratelimit", () => ({ key: 1, limit: 20, remaining: 19, reset: 10_000 })),
    ...accountRoutes,
    ...userRoutes,
    ...botRoutes,
    ...serverRoutes,
    ...channelRoutes,
    ...messageRoutes,
    ...markRoutes,
    ...(world.options.webhooks ? webhookRoutes : []),
    ...(world.options.oauth2 ? oauth2Routes : []),
  ];

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const api = new URL(world.options.api ?? "");
    const autumn = new URL(world.options.autumn ?? "");
    const files = below(url, autumn);
    if (files !== null && autumn.href !== api.href) return serveFiles(world, request, files);
    const path = below(url, api);
    if (path === null) return guardResponse(404, request.headers.get("accept"));
    const response = await handled(request, url, path);
    const headers = { server: "Rocket", date: new Date(world.now()).toUTCString() };
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  }

  async function handled(request: Request, url: URL, path: string): Promise<Response> {
    const accept = request.headers.get("accept");
    const limit = rate(request.method, path, request.headers);
    const found = matching(routes(), request.method, path);
    if (limit.refused) return Response.json({ retry_after: limit.resetMs }, { status: 429, headers: limit.headers });
    const text = await request.text();
    try {
      if (request.method === "OPTIONS") return new Response(null, { status: 200, headers: limit.headers });
      if (!found) throw new Guard(404);
      if (text.length > 1_048_576) throw new Guard(413);
      const value = found.route.handle(askOf(world, url, request.headers, text, found.at));
      if (value instanceof Response) return value;
      if (value === undefined) return new Response(null, { status: 204, headers: limit.headers });
      return Response.json(value, { headers: limit.headers });
    } catch (error) {
      if (error instanceof Refusal) return Response.json(error.body, { status: error.status, headers: limit.headers });
      if (!(error instanceof Guard)) throw error;
      const response = guardResponse(error.status, accept);
      for (const [name, value] of Object.entries(limit.headers)) response.headers.set(name, value);
      return response;
    }
  }

  function faultFor(request: Request): Fault | null {
    const found = faults.find(({ fault }) => fault.fits?.(request) ?? true);
    if (!found) return null;
    found.left -= 1;
    if (found.left <= 0) faults.splice(faults.indexOf(found), 1);
    return found.fault;
  }

  return {
    world,
    gateway,
    async fetch(request) {
      const fault = faultFor(request);
      if (fault?.kind === "refuse") throw new TypeError("connection refused");
      if (fault?.kind === "answer") {
        const { status = 500, body = "", type = "text/html" } = fault;
        return new Response(body, { status, headers: { "content-type": type } });
      }
      if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
      if (fault?.kind === "twice") {
        const { method, url, headers } = request;
        const body = await request.arrayBuffer();
        const copy = (): Request => new Request(url, { method, headers, ...(body.byteLength > 0 ? { body } : {}) });
        await answer(copy());
        return answer(copy());
      }
      const response = await answer(request);
      if (fault?.kind === "lose-answer") throw new TypeError("connection reset");
      return response;
    },
    socket: (url, { signal } = {}) => {
      if (signal?.aborted)
        return Promise.reject(new BotyardError("cancelled", "The socket was not opened.", { effect: "none" }));
      return Promise.resolve(memorySocket(gateway, new URL(url), signal));
    },
    fault: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    restart(changed = {}) {
      world.keys.clear();
      world.options = { ...world.options, ...changed };
      gateway.cut();
    },
    person: (name) => addPerson(world, name),
  };
}

/** The path below an address; null where it is not. */
function below(url: URL, base: URL): string | null {
  const prefix = base.pathname.replace(/\/+$/, "");
  if (url.origin !== base.origin || !url.pathname.startsWith(prefix)) return null;
  const rest = url.pathname.slice(prefix.length);
  if (rest === "") return "/";
  return rest.startsWith("/") ? rest : null;
}
