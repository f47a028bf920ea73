import { appBase, type JsonObject } from "../wire.ts";
import { membersOf, type SimEvent, type SimRoom, type SimService, type World } from "./model.ts";
import { toPushed } from "./wire-format.ts";

/** Delivers a request to an application service; throws where nobody listens or the connection drops. */
export type Push = (request: Request) => Promise<Response>;

/** One attempt to hand over a transaction. */
export interface Delivery {
  readonly service: string;
  readonly txnId: number;
  readonly events: readonly string[];
  /** `undefined`: no answer. */
  readonly status: number | undefined;
}

interface Transaction {
  readonly id: number;
  readonly events: readonly SimEvent[];
  /** Sent with the first attempt only. */
  ephemeral: readonly JsonObject[];
}

/** Sends one application service what concerns it, with Synapse's memory of what could not be delivered. */
export interface Queue {
  readonly service: SimService;
  event(event: SimEvent): void;
  ephemeral(edu: JsonObject): void;
  /** Waits until everything is delivered or the service counts as down. */
  settled(): Promise<void>;
  /** The next attempt of a service that is down; Synapse makes it after 2, 4, 8 … seconds, and after a good ping. */
  retry(): Promise<void>;
  readonly down: boolean;
  /** The homeserver dies: what is queued in memory is gone, what is in flight comes again after the next outage. */
  kill(): void;
  readonly deliveries: readonly Delivery[];
}

export function isInteresting(service: SimService, room: SimRoom, event: SimEvent): boolean {
  const { interested } = service;
  if (interested(event.sender) || (event.state_key !== undefined && interested(event.state_key))) return true;
  return membersOf(room, "join").some(({ state_key: user }) => user !== undefined && interested(user));
}

/** A request as the homeserver sends it. */
export function toService(
  service: SimService,
  method: "GET" | "POST" | "PUT",
  path: string,
  body?: JsonObject,
  legacy = false,
): Request {
  const { hsToken, url } = service.registration;
  const at = `${url ?? "http://nowhere"}${legacy ? "" : appBase}${path}`;
  const address = legacy ? `${at}${at.includes("?") ? "&" : "?"}access_token=${encodeURIComponent(hsToken)}` : at;
  return new Request(address, {
    method,
    headers: {
      ...(legacy ? {} : { authorization: `Bearer ${hsToken}` }),
      "content-type": "application/json",
      "user-agent": "Synapse/1.157.1",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Synapse takes 2xx with a JSON body for success and everything else for failure. */
async function accepted(response: Response): Promise<boolean> {
  const text = await response.text();
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return response.ok;
}

export function createQueue(world: World, service: SimService, push: Push, nextTxnId: () => number): Queue {
  let waiting: SimEvent[] = [];
  let edus: JsonObject[] = [];
  let stored: Transaction[] = [];
  let running: Promise<void> | undefined;
  let inFlight: Transaction | undefined;
  let down = false;
  const deliveries: Delivery[] = [];

  async function attempt(transaction: Transaction): Promise<boolean> {
    const body = {
      "de.sorunome.msc2409.to_device": [],
      ephemeral: transaction.ephemeral,
      events: transaction.events.map((event) => toPushed(event, world.now())),
    };
    transaction.ephemeral = [];
    let status: number | undefined;
    let good = false;
    try {
      const response = await push(
        toService(service, "PUT", `/transactions/${transaction.id}`, body, world.dialect.legacyPaths),
      );
      status = response.status;
      good = await accepted(response);
    } catch {
      good = false;
    }
    deliveries.push({
      service: service.registration.id,
      txnId: transaction.id,
      events: transaction.events.map(({ event_id: id }) => id),
      status,
    });
    return good;
  }

  async function run(): Promise<void> {
    while (!down && (waiting.length > 0 || edus.length > 0)) {
      const transaction = { id: nextTxnId(), events: waiting.slice(0, world.dialect.maxEvents), ephemeral: edus };
      waiting = waiting.slice(world.dialect.maxEvents);
      edus = [];
      inFlight = transaction;
      const good = await attempt(transaction);
      // Killed in the meantime: the database still holds it.
      if (inFlight !== transaction) return;
      inFlight = undefined;
      if (!good) {
        down = true;
        stored.push(transaction);
      }
    }
    if (down) store();
  }

  /** While a service is down, events go to the database as transactions of their own. */
  function store(): void {
    stored.push(...waiting.map((event) => ({ id: nextTxnId(), events: [event], ephemeral: [] })));
    waiting = [];
    edus = [];
  }

  function kick(): void {
    if (down) store();
    else if (running === undefined) {
      // A task of its own, so that a request that makes several events is answered first and they travel together.
      running = Promise.resolve()
        .then(run)
        .finally(() => {
          running = undefined;
          if (!down && (waiting.length > 0 || edus.length > 0)) kick();
        });
    }
  }

  async function settled(): Promise<void> {
    if (running === undefined) return;
    await running;
    await settled();
  }

  return {
    service,
    event(event) {
      if (service.registration.url === null) return;
      waiting.push(event);
      kick();
    },
    ephemeral(edu) {
      if (service.registration.url === null || !service.registration.receiveEphemeral || down) return;
      if (!world.dialect.ephemeral) return;
      edus.push(edu);
      kick();
    },
    settled,
    async retry() {
      if (!down) return;
      stored.sort((a, b) => a.id - b.id);
      for (let next = stored[0]; next !== undefined; next = stored[0]) {
        if (!(await attempt(next))) return;
        stored = stored.filter((transaction) => transaction !== next);
      }
      down = false;
      kick();
    },
    get down() {
      return down;
    },
    kill() {
      if (inFlight !== undefined) stored.push(inFlight);
      inFlight = undefined;
      waiting = [];
      edus = [];
    },
    get deliveries() {
      return deliveries;
    },
  };
}
