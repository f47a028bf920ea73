import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { keyOf, makeSecret, signatureHeaders } from "./signing.ts";

it("signs as the library of the standard does, whatever the body holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 4e12 }), (body, now) => {
      const secrets = [makeSecret(), makeSecret()];
      const headers = signatureHeaders(secrets.map(keyOf), { id: "evt_1", body, now });
      const wanted = secrets.map((secret) => new Webhook(secret).sign("evt_1", new Date(now), body)).join(" ");
      expect(headers["webhook-signature"]).toBe(wanted);
      expect(headers["webhook-timestamp"]).toBe(String(Math.floor(now / 1000)));
    }),
  );
});
