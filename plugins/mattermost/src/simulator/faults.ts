/** What goes wrong with a request to the simulator. */
export interface Fault {
  /** `lose-answer`: it is done, and its answer is lost. `answer`: the server answers this and does nothing. */
  readonly kind: "down" | "lose-answer" | "slow" | "answer";
  readonly method?: string;
  /** Over the path; default all. */
  readonly path?: RegExp;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  readonly delayMs?: number;
  readonly response?: () => Response;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  through(request: Request, serve: (request: Request) => Promise<Response>): Promise<Response>;
  /** Sockets are refused from now on, or taken again. */
  takeSockets(take: boolean): void;
  refuseSockets(): boolean;
  knocked(): void;
  /** WebSockets that were asked for, refused ones too. */
  knocks(): number;
  /** After this long a socket without a login is cut; 5000 on the real server. */
  setLoginCut(ms: number): void;
  loginCutMs(): number;
  /** Requests that reached the server, as `POST /api/v4/posts`. */
  readonly served: readonly string[];
}

export function createFaults(): Faults {
  let open: { readonly fault: Fault; left: number }[] = [];
  let sockets = true;
  let knocks = 0;
  let cutMs = 5_000;
  const served: string[] = [];
  return {
    served,
    add: (fault) => void open.push({ fault, left: fault.times ?? 1 }),
    clear: () => void (open = []),
    takeSockets: (take) => void (sockets = take),
    refuseSockets: () => !sockets,
    knocked: () => void (knocks += 1),
    knocks: () => knocks,
    setLoginCut: (ms) => void (cutMs = ms),
    loginCutMs: () => cutMs,
    async through(request, serve) {
      const { pathname } = new URL(request.url);
      const hit = open.find(
        ({ fault }) => (fault.method ?? request.method) === request.method && (fault.path?.test(pathname) ?? true),
      );
      if (hit) {
        hit.left -= 1;
        if (hit.left <= 0) open = open.filter((entry) => entry !== hit);
      }
      const fault = hit?.fault;
      if (fault?.kind === "down") throw new TypeError("fetch failed: connection reset");
      if (fault?.kind === "answer")
        return fault.response?.() ?? new Response("<html>Bad gateway</html>", { status: 502 });
      if (fault?.kind === "slow") await new Promise((done) => setTimeout(done, fault.delayMs ?? 0));
      served.push(`${request.method} ${pathname}`);
      const response = await serve(request);
      if (fault?.kind === "lose-answer") throw new TypeError("fetch failed: connection reset");
      return response;
    },
  };
}
