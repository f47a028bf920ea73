import { afterEach, beforeEach } from "vitest";
import type { Store } from "../types.ts";

/** A store under test. */
export interface TestedStore {
  readonly store: Store;
  /** The same data as a process finds it that starts after this one was killed. For stores that outlive the process. */
  readonly crash?: () => Promise<Store>;
  /** Deletes what it left behind; called after the store was closed. */
  readonly dispose?: () => void;
}

export type OpenTested = () => Promise<TestedStore>;

/** A fresh store for each test of the block it is called in. */
export function eachStore(open: OpenTested): { (): Store; crash(): Promise<Store> } {
  let tested: TestedStore | null = null;
  let later: Store[] = [];
  beforeEach(async () => {
    tested = await open();
  });
  afterEach(async () => {
    for (const store of later) await store.close();
    await tested?.store.close();
    tested?.dispose?.();
    tested = null;
    later = [];
  });
  const current = (): TestedStore => {
    if (!tested) throw new Error("there is a store inside a test only");
    return tested;
  };
  const crash = async (): Promise<Store> => {
    const after = current().crash;
    if (!after) throw new Error("this store says nothing about what a crash leaves");
    const store = await after();
    later.push(store);
    return store;
  };
  return Object.assign(() => current().store, { crash });
}
