import { sealNameOf } from "../registry/vault.ts";
import type { SealedRecord } from "../secrets/seal.ts";
import type { Records, Store } from "../store/types.ts";
import { stepSealName } from "../supervise/steps.ts";
import { webhookSealName } from "../webhooks/signing.ts";

/** A record that holds sealed texts: what they are sealed under, and how to put others in their place. */
export interface Sealing<K extends "credential" | "step" | "webhook"> {
  sealed(record: Records[K]): readonly SealedRecord[];
  /** `reseal` makes the new text of an old one. */
  replaced(record: Records[K], reseal: (one: SealedRecord) => string): Records[K];
}

const credential: Sealing<"credential"> = {
  sealed: (record) => (record.sealed === null ? [] : [{ name: sealNameOf(record), sealed: record.sealed }]),
  replaced: (record, reseal) =>
    record.sealed === null
      ? record
      : { ...record, sealed: reseal({ name: sealNameOf(record), sealed: record.sealed }) },
};

const step: Sealing<"step"> = {
  sealed: ({ id, sealedRun }) => (sealedRun === null ? [] : [{ name: stepSealName(id), sealed: sealedRun }]),
  replaced: (record, reseal) =>
    record.sealedRun === null
      ? record
      : { ...record, sealedRun: reseal({ name: stepSealName(record.id), sealed: record.sealedRun }) },
};

const webhook: Sealing<"webhook"> = {
  sealed: ({ name, secrets }) => secrets.map(({ id, sealed }) => ({ name: webhookSealName(name, id), sealed })),
  replaced: (record, reseal) => ({
    ...record,
    secrets: record.secrets.map((one) => ({
      ...one,
      sealed: reseal({ name: webhookSealName(record.name, one.id), sealed: one.sealed }),
    })),
  }),
};

/** Every kind of record that holds sealed texts; a new one belongs here, or it cannot be opened after `secrets rekey`. */
export const sealings = { credential, step, webhook } as const;

/** All sealed texts among the records, with the names people know them by. */
export async function sealedRecords(store: Pick<Store, "listRecords">): Promise<SealedRecord[]> {
  return [
    ...(await store.listRecords("credential")).flatMap(credential.sealed),
    ...(await store.listRecords("step")).flatMap(step.sealed),
    ...(await store.listRecords("webhook")).flatMap(webhook.sealed),
  ];
}
