// One function for each upstream call.
export * from "./api/accounts.ts";
export * from "./api/integrations.ts";
export * from "./api/places.ts";
export * from "./api/posts.ts";
export * from "./api/system.ts";
