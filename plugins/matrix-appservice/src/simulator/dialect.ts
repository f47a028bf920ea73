/** In what homeservers differ. */
export interface Dialect {
  /** How a ban is reported: Synapse says M_BAD_STATE, the specification and Dendrite M_FORBIDDEN. */
  readonly bannedErrcode: "M_BAD_STATE" | "M_FORBIDDEN";
  /** Most events in one transaction. */
  readonly maxEvents: number;
  /** Transaction ids: a counter over all registrations, or the time in nanoseconds. */
  readonly txnIds: "counter" | "nanoseconds";
  /** Pushes typing, presence and receipts to who asks for them. */
  readonly ephemeral: boolean;
  /** Has the ping endpoint. */
  readonly ping: boolean;
  /** Pushes to paths without `/_matrix/app/v1`, with the token in the query. */
  readonly legacyPaths: boolean;
  /** Without `user_id` nobody is known: the acting user is a bare localpart. */
  readonly bareSender: boolean;
  /** MSC2716 `batch_send`. */
  readonly batchSend: boolean;
}

/** Synapse 1.157, as recorded. */
export const synapse: Dialect = {
  bannedErrcode: "M_BAD_STATE",
  maxEvents: 100,
  txnIds: "counter",
  ephemeral: true,
  ping: true,
  legacyPaths: false,
  bareSender: false,
  batchSend: false,
};

/** Dendrite 0.15, as read in its sources. */
export const dendrite: Dialect = {
  ...synapse,
  bannedErrcode: "M_FORBIDDEN",
  maxEvents: 50,
  txnIds: "nanoseconds",
  ephemeral: false,
  ping: false,
  bareSender: true,
};

/** A homeserver of before 2019. */
export const legacy: Dialect = { ...synapse, ephemeral: false, ping: false, legacyPaths: true };
