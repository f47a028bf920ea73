import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { keyOf, makeSecret, signatureHead } from "./signing.ts";

it("signs as the library of the standard does, whatever the body holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 4e12 }), (body, now) => {
      const secrets = [makeSecret(), makeSecret()];
      const head = signatureHead(secrets.map(keyOf), { id: "evt_1", body, now });
      const wanted = secrets.map((secret) => new Webhook(secret).sign("evt_1", new Date(now), body)).join(" ");
      expect(head.split("\r\n")).toEqual([
        "webhook-id: evt_1",
        `webhook-timestamp: ${Math.floor(now / 1000)}`,
        `webhook-signature: ${wanted}`,
        "",
      ]);
    }),
  );
});
