import { expect, test } from "vitest";
import {
  BotyardError,
  errorCodes,
  errorTable,
  exitCodeOf,
  fromErrorData,
  isBotyardError,
  toErrorData,
  toProblem,
} from "./errors.ts";

test("every code has a status and an exit code, and only internal is 1", () => {
  for (const code of errorCodes) {
    expect(errorTable[code].status).toBeGreaterThanOrEqual(400);
    expect(errorTable[code].exit === 1).toBe(code === "internal");
  }
});

test("an unknown effect wins over the exit code of the error", () => {
  expect(exitCodeOf({ code: "timeout", effect: "none" })).toBe(9);
  expect(exitCodeOf({ code: "timeout", effect: "unknown" })).toBe(10);
});

test("a problem carries what helps and never the cause", () => {
  const error = new BotyardError("unsupported", "Stoat has no owner to change.", {
    instead: "botyard bots release x",
    cause: new Error("token 123"),
  });
  const problem = toProblem(error, "req_1");
  expect(problem).toMatchObject({
    type: "/docs/errors#unsupported",
    status: 422,
    effect: "none",
    instead: "botyard bots release x",
  });
  expect(JSON.stringify(problem)).not.toContain("token 123");
});

test("errors survive a boundary and are recognised by brand", () => {
  const back = fromErrorData(
    structuredClone(toErrorData(new BotyardError("conflict", "taken", { effect: "unknown" }))),
  );
  expect(isBotyardError(back)).toBe(true);
  expect(back.effect).toBe("unknown");
  // A plugin's own copy of the SDK has another class with the same brand.
  const foreign = Object.assign(new Error("x"), { [Symbol.for("botyard.error")]: true, code: "gone", details: {} });
  expect(isBotyardError(foreign)).toBe(true);
  expect(isBotyardError(new Error("x"))).toBe(false);
});
