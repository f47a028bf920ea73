import { BotyardError, type ImportKind } from "@botyard/sdk";

/** `[api]`, `email=…`, `key=…`, `site=…`: what Zulip's own settings page offers to download. */
export const zuliprc: ImportKind = {
  title: "zuliprc of an administrator",
  read(text) {
    const lines = text.split(/\r?\n/).flatMap((line) => {
      const [, name = "", value = ""] = /^\s*(\w+)\s*[=:]\s*(\S+)\s*$/.exec(line) ?? [];
      return name === "" ? [] : [[name, value] as const];
    });
    const { email, key, site } = Object.fromEntries(lines);
    if (email === undefined || key === undefined)
      throw new BotyardError("invalid", "This is no zuliprc: it has no email and no key.", {
        issues: [{ path: "import.zuliprc", expected: "lines email=…, key=… and site=…" }],
      });
    return { credentials: { "admin-key": `${email}:${key}` }, ...(site === undefined ? {} : { url: site }) };
  },
};
