import { isBotyardError, type Capability, type Check, type ProbeReport } from "@botyard/sdk";
import * as api from "./api.ts";
import { capabilities } from "./capabilities.ts";
import { callerOf, openGateway, ownerAuth, told, type Context } from "./context.ts";
import { isAtLeast, type Root } from "./discovery.ts";
import { typeOf } from "./errors.ts";
import { send, type Auth, type Caller } from "./request.ts";
import { timeOf } from "./ulid.ts";
import type { WireUser } from "./wire.ts";

/** Looks at the instance and the owner's session. Throws `unauthenticated` for a session that is refused, `unreachable`. */
export async function probe(context: Context, signal: AbortSignal): Promise<ProbeReport> {
  const root = await context.root(true, signal);
  const { limits } = root;
  const auth = await ownerAuth(context);
  const on = await callerOf(context, auth, signal);
  const owner = await api.me(on).catch(async (error: unknown) => {
    if (!isBotyardError(error) || error.code !== "unauthenticated") throw error;
    throw await told(context, auth, null, error, signal);
  });
  const owned = await api.ownedBots(on);
  const credential = await context.host.credentials.find({ kind: "owner-session" });
  if (credential) context.host.report({ kind: "credential", credential: credential.id }, { state: "ready" });
  context.oauth2 = await hasOAuth2(on);
  const checks: Check[] = [
    {
      name: "version",
      state: isAtLeast(root.version, "0.8") ? "ok" : "warn",
      detail: `Stoat ${root.version} at ${root.api}`,
    },
    {
      name: "owner",
      state: "ok",
      detail: `signed in as ${owner.username}${owner.discriminator === undefined ? "" : `#${owner.discriminator}`}`,
    },
    botCheck(context, root, owner, owned.length),
    { name: "messages", state: "info", detail: `${limits.messageBytes} bytes a message, ${limits.attachments} files` },
    root.files === null
      ? { name: "files", state: "info", detail: "files off: no attachments and no icons on this instance" }
      : { name: "files", state: "ok", detail: `files on · ${root.files}` },
    {
      name: "OAuth2 settings",
      state: "info",
      detail: `OAuth2 settings: ${context.oauth2 ? "on" : "none (this instance has no /oauth2)"}`,
    },
    await gatewayCheck(context, root, auth, signal),
  ];
  return {
    server: { name: "Stoat", version: root.version },
    checks,
    continuity: "observed",
    narrow: narrow(root, context.oauth2),
    origins: originsOf(root),
  };
}

function originsOf({ gateway, files }: Root): string[] {
  return [gateway, files].flatMap((address) =>
    address !== null && URL.canParse(address) ? [new URL(address.replace(/^ws/, "http")).origin] : [],
  );
}

/** A route that is missing answers 404 without a name; one that is there names what it refuses. */
async function hasOAuth2(on: Caller): Promise<boolean> {
  const { status, json } = await send(on, { method: "GET", path: "/oauth2/authorized_bots" });
  return status === 200 || (status < 500 && typeOf(json) !== undefined);
}

function botCheck(context: Context, { limits }: Root, owner: WireUser, count: number): Check {
  const { whileNew, later, newHours } = limits.bots;
  const made = timeOf(owner._id);
  const now = context.serverClock.now();
  const isNew = made !== undefined && now - made < newHours * 3_600_000;
  const detail = isNew
    ? `${count} of ${whileNew} bots; this account may own ${whileNew} bots while new, ${later} later`
    : `${count} of ${later} bots`;
  return { name: "bots", state: "info", detail };
}

/** Logs in and out again: a wrong address of the gateway is the commonest fault of self-hosted instances. */
async function gatewayCheck(context: Context, root: Root, auth: Auth, signal: AbortSignal): Promise<Check> {
  const name = "gateway";
  const shown = URL.canParse(root.gateway) ? new URL(root.gateway).origin : root.gateway;
  if (auth.kind === "nobody") return { name, state: "info", detail: `gateway ${shown}` };
  try {
    const gateway = await openGateway(context, auth.token, signal);
    await gateway.end(null);
    return { name, state: "ok", detail: `gateway ${shown}` };
  } catch (error) {
    if (signal.aborted || !isBotyardError(error)) throw error;
    // its origin is allowed once this probe has named it
    if (error.code === "forbidden") return { name, state: "info", detail: `gateway ${shown}; tried by the next probe` };
    return {
      name,
      state: "fail",
      detail: `events cannot be received: ${error.message}`,
      fix: `botyard connections update ${context.host.connection.id} -o gateway=wss://<host>/ws   # this instance names ${shown}`,
    };
  }
}

const noFiles: Capability = {
  support: "none",
  reason: "no-file-server",
  detail: "This instance has no file server.",
};
const noOAuth2: Capability = {
  support: "none",
  reason: "no-oauth2",
  detail: "This instance has no OAuth2 settings: no released server has them.",
};

function narrow({ files, limits }: Root, oauth2: boolean): Readonly<Record<string, Capability>> {
  const text = { max: limits.messageBytes, unit: "bytes" } as const;
  const list = { max: limits.attachments, unit: "items" } as const;
  const sending = capabilities["messages.send"];
  const withoutFiles = sending.params.filter((name) => name !== "files");
  return {
    "messages.send":
      files === null
        ? { ...sending, params: withoutFiles, limits: { text } }
        : { ...sending, limits: { text, files: list } },
    "messages.update": { ...capabilities["messages.update"], limits: { text } },
    ...(files === null
      ? {
          "files.upload": noFiles,
          "files.download": noFiles,
          "bots.set-icon": noFiles,
          "bots.get-icon": noFiles,
        }
      : {}),
    ...(oauth2
      ? {}
      : { "stoat.oauth2-secret": noOAuth2, "stoat.oauth2-apps": noOAuth2, "stoat.oauth2-revoke": noOAuth2 }),
  };
}
