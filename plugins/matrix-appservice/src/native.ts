/** Native operations: `matrix.<verb>`, over HTTP `/v1/connections/{connection}/matrix/<verb>`, on the command line `botyard matrix <verb>`. */
export * from "./native/directory.ts";
export * from "./native/history.ts";
export * from "./native/members.ts";
export * from "./native/messages.ts";
export * from "./native/people.ts";
export * from "./native/registration.ts";
export * from "./native/rooms.ts";
export * from "./native/server.ts";
