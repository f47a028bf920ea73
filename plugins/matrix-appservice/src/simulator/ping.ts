import type { JsonObject } from "../wire.ts";
import { refuse, type SimService } from "./model.ts";
import { bodyOf, param, requester, type Call } from "./request.ts";

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
};

/** `POST /_matrix/client/v1/appservice/{id}/ping`: really asks the application service; a good one wakes its queue. */
export const createPing =
  (deliver: (service: SimService, body: JsonObject) => Promise<Response>, wake: (service: SimService) => void) =>
  async (call: Call): Promise<JsonObject> => {
    const { service } = requester(call);
    if (service === undefined)
      refuse(403, "M_FORBIDDEN", "Only application services can use the /appservice/ping endpoint");
    if (service.registration.id !== param(call, "id"))
      refuse(403, "M_FORBIDDEN", "Mismatching application service ID in path");
    const body = await bodyOf(call);
    if (service.registration.url === null)
      refuse(400, "M_URL_NOT_SET", "The application service does not have a URL set");
    const before = call.world.now();
    const response = await asked(
      deliver,
      service,
      body["transaction_id"] === undefined ? {} : { transaction_id: body["transaction_id"] },
    );
    const text = await response.text();
    if (!response.ok)
      refuse(502, "M_BAD_STATUS", `HTTP ${response.status} ${reasons[response.status] ?? response.statusText}`, {
        status: response.status,
        body: text,
      });
    try {
      JSON.parse(text);
    } catch {
      refuse(502, "M_CONNECTION_FAILED", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)");
    }
    wake(service);
    return { duration_ms: call.world.now() - before };
  };

async function asked(
  deliver: (service: SimService, body: JsonObject) => Promise<Response>,
  service: SimService,
  body: JsonObject,
): Promise<Response> {
  try {
    return await deliver(service, body);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : "";
    // A connection that nobody takes is told from one that is cut.
    if (/reset|drop|time/i.test(text))
      refuse(504, "M_CONNECTION_TIMEOUT", "Timeout waiting for response from remote server");
    return refuse(
      502,
      "M_CONNECTION_FAILED",
      "ConnectionRefusedError: Connection was refused by other side: 111: Connection refused.",
    );
  }
}
