import type { AnyPlatform } from "@botyard/sdk";

interface Row {
  readonly support: string;
  readonly detail?: string;
  readonly remedy?: string;
}

const capabilitiesOf = (platform: AnyPlatform): Readonly<Record<string, Row>> =>
  platform.capabilities as Readonly<Record<string, Row>>;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Platforms by title, the sandbox last: it is no server of anybody's. */
export function inOrder(platforms: readonly AnyPlatform[]): AnyPlatform[] {
  const rank = ({ id, title }: AnyPlatform): string => `${id === "sandbox" ? 1 : 0} ${title}`;
  return platforms.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** `docs/reference/servers.md`: what each platform declares, in the words it says it with. */
export function renderServers(all: readonly AnyPlatform[]): string {
  const platforms = inOrder(all);
  const own = new Set(all.map(({ namespace }) => `${namespace}.`));
  const names = [...new Set(platforms.flatMap((platform) => Object.keys(capabilitiesOf(platform))))];
  const common = names.filter((name) => ![...own].some((prefix) => name.startsWith(prefix))).toSorted();
  const table = [
    line(["operation", ...platforms.map(({ title }) => title)]),
    line(["---", ...platforms.map(() => "---")]),
    ...common.map((name) =>
      line([`\`${name}\``, ...platforms.map((platform) => capabilitiesOf(platform)[name]?.support ?? "–")]),
    ),
  ];
  const notes = platforms.flatMap((platform) => {
    const rows = Object.entries(capabilitiesOf(platform)).filter(([, { detail }]) => detail !== undefined);
    const natives = Object.keys(capabilitiesOf(platform)).filter((name) => name.startsWith(`${platform.namespace}.`));
    if (rows.length + natives.length === 0) return [];
    return [
      `## ${platform.title}`,
      "",
      ...(natives.length > 0 ? [`Operations of its own: ${natives.map((name) => `\`${name}\``).join(", ")}.`, ""] : []),
      ...(rows.length > 0
        ? [line(["operation", "support", "why", "instead"]), line(["---", "---", "---", "---"])]
        : []),
      ...rows.map(([name, { support, detail = "", remedy = "" }]) =>
        line([`\`${name}\``, support, cell(detail), remedy === "" ? "" : cell(remedy)]),
      ),
      "",
    ];
  });
  return [
    "<!-- Generated from the platforms' capabilities by apps/botyard/test/readme.test.ts: not edited by hand.",
    "     After a change: bun run --cwd apps/botyard test readme.test -u -->",
    "",
    "# What each server can do",
    "",
    "The best each platform can do. What holds for a connection of yours, with what its server is set to:",
    "`botyard connections capabilities <connection>`.",
    "",
    "`native`: the server does it · `emulated`: the same outcome by other means · `degraded`: part of the outcome is missing ·",
    "`operator`: a person on the server has to do a step · `none`, `–`: it cannot be had, and Botyard says so instead of doing",
    "something near it. Not listed is what Botyard does by itself on every server: events, consumers, replies, steps, keys,",
    "ledger, adopting and releasing bots.",
    "",
    ...table,
    "",
    ...notes,
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}
