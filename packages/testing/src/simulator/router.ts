/** A request as a simulator's handler reads it. */
export interface Asked {
  readonly request: Request;
  readonly url: URL;
  /** Parts of the path named in the pattern, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The body as JSON; undefined where it is none. */
  json(): Promise<unknown>;
}

/** What a handler answers: a whole response, or its parts. */
export type Answered =
  | Response
  | { readonly status?: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> };

export type Answer = (asked: Asked) => Answered | Promise<Answered>;

/** A server for `fetch`, made of routes. */
export interface Router {
  /**
   * `pattern`: a path whose `{parts}` match one segment, and `{rest*}` all that is left. The first route that matches
   * answers.
   */
  on(method: string, pattern: string, answer: Answer): Router;
  /** 404 without a route, 405 with `allow` where only the method is wrong, unless `otherwise` answers. */
  readonly fetch: (request: Request) => Promise<Response>;
}

/**
 * @example
 * const server = createRouter().on("GET", "/api/users/{user}", ({ params }) => ({ json: { id: params["user"] } }));
 * const response = await server.fetch(new Request("http://server.test/api/users/alice"));
 */
export function createRouter(otherwise?: Answer): Router {
  const routes: { readonly method: string; readonly pattern: RegExp; readonly answer: Answer }[] = [];
  const router: Router = {
    on(method, pattern, answer) {
      routes.push({ method, pattern: toPattern(pattern), answer });
      return router;
    },
    async fetch(request) {
      const url = new URL(request.url);
      const matching = routes.filter(({ pattern }) => pattern.test(url.pathname));
      const route = matching.find(({ method }) => method === request.method);
      const answer = route?.answer ?? otherwise ?? (() => refuse(matching.map(({ method }) => method)));
      return toResponse(await answer(asked(request, url, route?.pattern)));
    },
  };
  return router;
}

function toPattern(pattern: string): RegExp {
  const parts = pattern.split(/(\{[^}]+\})/).map((part) => {
    const name = /^\{(\w+)(\*?)\}$/.exec(part);
    if (!name) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return `(?<${name[1]}>${name[2] === "*" ? ".*" : "[^/]+"})`;
  });
  return new RegExp(`^${parts.join("")}$`);
}

function asked(request: Request, url: URL, pattern: RegExp | undefined): Asked {
  const groups = Object.entries(pattern?.exec(url.pathname)?.groups ?? {});
  return {
    request,
    url,
    params: Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)])),
    json: async () => {
      const text = await request.text();
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return undefined;
      }
    },
  };
}

function refuse(methods: readonly string[]): Answered {
  return methods.length === 0 ? { status: 404 } : { status: 405, headers: { allow: methods.join(", ") } };
}

function toResponse(answered: Answered): Response {
  if (answered instanceof Response) return answered;
  const { status = 200, json, headers = {} } = answered;
  if (json === undefined) return new Response(null, { status, headers });
  return Response.json(json, { status, headers });
}
