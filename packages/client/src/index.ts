export * from "./client.ts";
export * from "./http-transport.ts";
export * from "./problem.ts";
export * from "./transport.ts";
