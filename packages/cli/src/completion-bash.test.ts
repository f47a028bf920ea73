import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { bashCompletion } from "./completion-bash.ts";

const hasBash = spawnSync("bash", ["--version"]).status === 0;

/** What bash would put into the line, and the words the program was asked with. */
function complete(typed: string): { readonly offered: readonly string[]; readonly asked: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "botyard-bash-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "program");
  writeFileSync(
    program,
    `#!/bin/sh\nshift 2\nprintf '%s\\n' "$@" > ${folder}/asked\nprintf 'eng:ops\\tOps\\neng:alerts\\tAlerts\\nit s\\t-\\nmessages\\tsend\\n:4\\n'\n`,
  );
  chmodSync(program, 0o755);
  writeFileSync(join(folder, "script"), bashCompletion(program));
  // As readline takes a line apart.
  const words = typed.match(/\s*(?:[:=]|[^\s:=]+)/g)?.map((word) => word.trim()) ?? [];
  if (/[\s:=]$/.test(typed)) words.push("");
  const shell = [
    `source ${folder}/script; source ${folder}/script`,
    `COMP_LINE=${JSON.stringify(typed).replaceAll("$", "\\$")}`,
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
    `_botyard_complete; printf '%s\\n' "\${COMPREPLY[@]}"; cat ${folder}/asked | sed 's/^/asked /'`,
  ].join("\n");
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", shell], { encoding: "utf8", cwd: folder });
  expect(stderr).toBe("");
  const lines = stdout.split("\n").filter(Boolean);
  return {
    offered: lines.filter((line) => !line.startsWith("asked ")),
    asked: lines.filter((line) => line.startsWith("asked ")).map((line) => line.slice(6)),
  };
}

it.skipIf(!hasBash)("keeps rooms with a colon together, and replaces what stands behind it (needs bash)", () => {
  expect(complete("botyard rooms get eng:o")).toEqual({ offered: ["ops"], asked: ["rooms", "get", "eng:o"] });
  expect(complete("botyard rooms get eng:").offered).toEqual(["ops", "alerts"]);
  expect(complete("botyard doctor --room=eng:a")).toEqual({ offered: ["alerts"], asked: ["doctor", "--room=eng:a"] });
  expect(complete("botyard doctor --room=e").offered).toEqual(["eng:ops", "eng:alerts"]);
  expect(complete("botyard mess").offered).toEqual(["messages"]);
});

it.skipIf(!hasBash)("quotes what it puts there, and runs nothing of the line (needs bash)", () => {
  expect(complete("botyard rooms get it").offered).toEqual([String.raw`it\ s`]);
  expect(complete("botyard rooms get $(exit;kill) eng:o").asked).toContain("$(exit;kill)");
});
