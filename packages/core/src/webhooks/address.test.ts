import { expect, it } from "vitest";
import { reachOf, resolveEndpoint } from "./address.ts";
import { mostAttempts, retryAfterMs, waitAfter } from "./schedule.ts";

it.each([
  ["8.8.8.8", "public"],
  ["172.32.0.1", "public"],
  ["2606:4700::1111", "public"],
  ["127.0.0.1", "private"],
  ["127.255.0.9", "private"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["::1", "private"],
  ["fd12:3456::1", "private"],
  ["::ffff:127.0.0.1", "private"],
  ["::ffff:7f00:1", "private"],
  ["64:ff9b::10.0.0.1", "private"],
  ["2002:7f00:1::", "private"],
  ["169.254.169.254", "never"],
  ["::ffff:169.254.169.254", "never"],
  ["64:ff9b::a9fe:a9fe", "never"],
  ["2002:a9fe:a9fe::1", "never"],
  ["fe80::1", "never"],
  ["febf::1", "never"],
  ["fd00:ec2::254", "never"],
  ["100.100.100.200", "never"],
  ["168.63.129.16", "never"],
  ["0.0.0.0", "never"],
  ["255.255.255.255", "never"],
  ["224.0.0.1", "never"],
  ["::", "never"],
  ["::7f00:1", "never"],
  ["ff02::1", "never"],
  ["no address", "never"],
] as const)("%s is %s", (address, reach) => {
  expect(reachOf(address)).toBe(reach);
});

const names = (addresses: readonly string[]) => async () => addresses;

it("takes the first address that may be reached, and no other", async () => {
  const hook = new URL("https://hook.example/x");
  expect(await resolveEndpoint(hook, false, names(["169.254.169.254", "10.0.0.1", "8.8.8.8"]))).toBe("8.8.8.8");
  expect(await resolveEndpoint(hook, true, names(["169.254.169.254", "10.0.0.1"]))).toBe("10.0.0.1");
  await expect(resolveEndpoint(hook, false, names(["10.0.0.1"]))).rejects.toMatchObject({ code: "forbidden" });
  await expect(resolveEndpoint(hook, true, names(["169.254.169.254"]))).rejects.toMatchObject({ code: "forbidden" });
  await expect(resolveEndpoint(hook, true, async () => Promise.reject(new Error("ENOTFOUND")))).rejects.toMatchObject({
    code: "unreachable",
  });
});

it("reads odd spellings of addresses as what they are", async () => {
  for (const spelling of ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://[::ffff:127.0.0.1]/"])
    await expect(resolveEndpoint(new URL(spelling), false, names([]))).rejects.toMatchObject({ code: "forbidden" });
  await expect(resolveEndpoint(new URL("http://[fe80::1]/"), true, names([]))).rejects.toMatchObject({
    code: "forbidden",
  });
});

it("wants TLS outside of private networks", async () => {
  await expect(resolveEndpoint(new URL("http://8.8.8.8/"), true, names([]))).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("https"),
  });
  expect(await resolveEndpoint(new URL("http://127.0.0.1:3000/"), true, names([]))).toBe("127.0.0.1");
});

it("waits longer each time, over days, within 20 % of the plan", () => {
  const middle = Array.from({ length: mostAttempts - 1 }, (_, n) => waitAfter(n + 1, () => 0.5));
  expect(middle).toEqual(middle.toSorted((a, b) => a - b));
  expect(middle.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(2 * 86_400_000);
  expect(waitAfter(1, () => 0)).toBe(4_000);
  expect(waitAfter(1, () => 1)).toBe(6_000);
  expect(waitAfter(99, () => 0.5)).toBe(middle.at(-1));
});

it("reads Retry-After in seconds and as a date, and bounds it", () => {
  const now = Date.UTC(2026, 10, 20, 8);
  expect(retryAfterMs("120", now)).toBe(120_000);
  expect(retryAfterMs("Fri, 20 Nov 2026 08:01:00 GMT", now)).toBe(60_000);
  expect(retryAfterMs("Fri, 20 Nov 2020 08:01:00 GMT", now)).toBe(0);
  expect(retryAfterMs("999999999", now)).toBe(86_400_000);
  expect(retryAfterMs("soon", now)).toBeNull();
  expect(retryAfterMs(null, now)).toBeNull();
});
