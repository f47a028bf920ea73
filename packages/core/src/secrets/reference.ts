import { readFileSync } from "node:fs";
import { BotyardError } from "@botyard/sdk";

/** Where a secret is: in the text itself, in an environment variable, or in a file. */
export type SecretSource =
  | { readonly kind: "literal"; readonly secret: string }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

const maxLength = 16_384;

/**
 * Takes `env:NAME`, `file:PATH` or the secret itself. Throws `invalid`; what follows `env:` is never repeated, because
 * it may be a secret that was put there by mistake.
 */
export function parseSecret(text: string): SecretSource {
  if (text.startsWith("env:")) {
    const name = text.slice(4);
    if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return { kind: "env", name };
    throw new BotyardError("invalid", "env: is followed by the name of an environment variable, like env:CHAT_TOKEN");
  }
  if (text.startsWith("file:")) {
    const path = text.slice(5);
    if (path.length > 0 && !path.includes("\0")) return { kind: "file", path };
    throw new BotyardError("invalid", "file: is followed by the path of a file, like file:/run/secrets/chat");
  }
  return { kind: "literal", secret: text };
}

/** As kept with a credential: `sealed`, `env:NAME`, `file:PATH`. */
export function formatSource(source: SecretSource): string {
  if (source.kind === "env") return `env:${source.name}`;
  return source.kind === "file" ? `file:${source.path}` : "sealed";
}

/**
 * The secret behind a source; of a file without its line end. Throws `invalid` for a variable that is not set, a file
 * that cannot be read, and a secret that is empty or longer than 16384 characters; never with the secret in it.
 */
export function resolveSecret(
  source: SecretSource,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const secret = read(source, env);
  if (secret.length === 0) throw new BotyardError("invalid", `the secret is empty: ${whereOf(source)}`);
  if (secret.length > maxLength) {
    throw new BotyardError("invalid", `the secret is longer than ${maxLength} characters: ${whereOf(source)}`);
  }
  return secret;
}

function read(source: SecretSource, env: Readonly<Record<string, string | undefined>>): string {
  if (source.kind === "literal") return source.secret;
  if (source.kind === "env") {
    const value = env[source.name];
    if (value !== undefined) return value;
    throw new BotyardError("invalid", `the environment variable ${source.name} is not set`, {
      fix: `export ${source.name}=… in the environment of this process`,
    });
  }
  try {
    return readFileSync(source.path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new BotyardError("invalid", `the secret file ${source.path} cannot be read (${code})`, { cause: error });
  }
}

function whereOf(source: SecretSource): string {
  if (source.kind === "env") return `environment variable ${source.name}`;
  return source.kind === "file" ? `file ${source.path}` : "the text given";
}
