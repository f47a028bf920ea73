import { BotyardError, type OpenStep, type Step, type StepDraft, type StepVerdict } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { forgetBot } from "../registry/forget.ts";
import { putBot, putStep, toTarget } from "../registry/registry.ts";
import type { BotRecord, RecordPut, StepRecord } from "../store/types.ts";
import type { Live } from "./live.ts";

/** What a person has to do on a server: opened by calls and probes, closed by looking. */
export interface Steps {
  /**
   * Same subject and kind: the open one is replaced and keeps its id. The answer shows the run line in full, once;
   * stored and listed it is masked.
   */
  open(connection: string, bot: string | null, drafts: readonly StepDraft[]): Promise<readonly Step[]>;
  /** Looks passively whether it is done and applies what follows. */
  verify(live: Live, id: string): Promise<StepRecord>;
  reveal(record: StepRecord): Step;
  /** Throws `operator_required` while an open step blocks the operation. */
  check(connection: string, bot: string | null, operation: string): void;
  /** Open steps of a kind that a later probe no longer asks for are done. */
  settleMissing(connection: string, kinds: readonly string[]): Promise<void>;
}

export function toStep(record: StepRecord): Step {
  const { verify: _, blocks: __, sealedRun: ___, ...step } = record;
  return step;
}

/** Name a step's run line is sealed under: `step step_3`. */
export const stepSealName = (id: string): string => `step ${id}`;

export function createSteps(core: Pick<Core, "registry" | "store" | "sealer" | "vault" | "log" | "now">): Steps {
  const { registry, store, sealer, vault } = core;
  const mask = (connection: string, draft: StepDraft): Step["run"] => {
    if (!draft.secret) return draft.run;
    let text = JSON.stringify(draft.run);
    for (const secret of vault.secrets(connection))
      text = text.replaceAll(JSON.stringify(secret).slice(1, -1), "<secret>");
    return JSON.parse(text) as Step["run"];
  };

  const applyDone = async (
    record: StepRecord,
    verdict: Extract<StepVerdict, { state: "done" }>,
  ): Promise<RecordPut[]> => {
    if (!record.bot) return [];
    const bot = registry.bot(record.connection, record.bot);
    if (verdict.gone) return forgetBot(registry, bot);
    if (!verdict.bot) return [];
    const puts: RecordPut[] = [putBot(installed(bot, verdict.bot))];
    for (const credential of verdict.credentials ?? [])
      puts.push(...vault.put(record.connection, { ...credential, holder: "bot", of: record.bot }));
    return puts;
  };

  return {
    async open(connection, bot, drafts) {
      const opened: Step[] = [];
      for (const draft of drafts) {
        const before = registry
          .list("step", connection)
          .find((step) => step.state === "open" && step.bot === bot && step.kind === draft.kind);
        const id = before?.id ?? `step_${await store.nextNumber("step")}`;
        const record: StepRecord = {
          id,
          connection,
          bot,
          kind: draft.kind,
          title: draft.title,
          why: draft.why,
          run: mask(connection, draft),
          secret: draft.secret ?? false,
          state: "open",
          createdAt: before?.createdAt ?? core.now(),
          doneAt: null,
          verify: draft.verify ?? {},
          blocks: draft.blocks ?? [],
          sealedRun: draft.secret ? sealer.seal(stepSealName(id), JSON.stringify(draft.run)) : null,
        };
        await registry.save([putStep(record)]);
        opened.push({ ...toStep(record), run: draft.run });
      }
      return opened;
    },
    async verify(live, id) {
      const record = registry.get("step", id);
      if (!record) throw new BotyardError("not_found", `there is no step "${id}"`, { fix: "botyard steps list" });
      if (record.state !== "open" || !live.session?.verify) return record;
      const bot = record.bot ? toTarget(registry.bot(record.connection, record.bot)) : null;
      const question: OpenStep = { id, kind: record.kind, bot, verify: record.verify };
      const verdict = await live.session.verify(question, live.abort.signal);
      if (registry.get("step", id)?.state !== "open") return registry.get("step", id) ?? record;
      const note = verdict.note === undefined ? {} : { note: verdict.note };
      if (verdict.state === "open") {
        const looked = { ...record, ...note };
        if (verdict.note !== record.note) await registry.save([putStep(looked)]);
        return looked;
      }
      const done: StepRecord = { ...record, ...note, state: "done", doneAt: core.now(), sealedRun: null };
      await registry.save([putStep(done), ...(await applyDone(record, verdict))]);
      if (record.bot)
        await core.log.emit(
          { id: live.id, platform: live.platform.id },
          { type: verdict.gone ? "bot.deleted" : "bot.updated", bots: [record.bot] },
        );
      return done;
    },
    reveal(record) {
      const run =
        record.sealedRun === null
          ? record.run
          : (JSON.parse(sealer.open(stepSealName(record.id), record.sealedRun)) as Step["run"]);
      return { ...toStep(record), run };
    },
    check(connection, bot, operation) {
      const blocking = registry
        .list("step", connection)
        .filter(
          (step) => step.state === "open" && (step.bot === null || step.bot === bot) && step.blocks.includes(operation),
        );
      if (blocking.length === 0) return;
      const first = blocking[0] as StepRecord;
      throw new BotyardError(
        "operator_required",
        `${operation} waits until this is done on the server: ${first.title}`,
        {
          steps: blocking.map((step) => step.id),
          fix: first.run.command && !first.secret ? first.run.command : `botyard steps get ${first.id} --reveal`,
        },
      );
    },
    async settleMissing(connection, kinds) {
      const done = registry
        .list("step", connection)
        .filter(
          (step) =>
            step.state === "open" && step.bot === null && step.verify["~probe"] === true && !kinds.includes(step.kind),
        )
        .map((step) =>
          putStep({ ...step, state: "done", doneAt: core.now(), note: "no longer asked for by the probe" }),
        );
      if (done.length > 0) await registry.save(done);
    },
  };
}

/** A bot that has an id now: another one than before counts as a new installation. */
export function installed(bot: BotRecord, native: BotRecord["native"]): BotRecord {
  const before = bot.native.nativeId;
  const again = before !== null && native.nativeId !== null && before !== native.nativeId;
  return {
    ...bot,
    native,
    generation: again ? bot.generation + 1 : bot.generation,
    formerIds: again ? [...bot.formerIds, before] : bot.formerIds,
  };
}
