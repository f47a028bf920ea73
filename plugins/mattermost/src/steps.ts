import type { OpenStep, StepDraft, StepVerdict } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";

/** Kinds of the steps that the probe asks for. */
const stepKinds = { botCreation: "bot-creation", permission: "permission" } as const;

export function botCreationStep(url: string): StepDraft {
  return {
    kind: stepKinds.botCreation,
    title: "Switch bot creation on",
    why: "ServiceSettings.EnableBotAccountCreation is off: this server makes no bots. Bots that exist go on working.",
    run: {
      where: `System Console of ${url}: Integrations > Bot Accounts > Enable Bot Account Creation; or on its machine`,
      command: "mmctl config set ServiceSettings.EnableBotAccountCreation true",
      setting: "ServiceSettings.EnableBotAccountCreation: true",
    },
    blocks: ["bots.create"],
  };
}

/** What an admin token is needed for. */
const neededPermissions: Readonly<Record<string, readonly string[]>> = {
  create_bot: ["bots.create"],
  read_bots: ["bots.list"],
  read_others_bots: ["bots.list"],
  manage_bots: ["bots.update", "bots.enable", "bots.disable"],
  manage_others_bots: ["bots.update", "bots.enable", "bots.disable"],
  assign_bot: ["bots.assign"],
  create_user_access_token: ["credentials.issue"],
  revoke_user_access_token: ["credentials.revoke"],
};

export function permissionStep(url: string, user: string, missing: readonly string[]): StepDraft {
  return {
    kind: stepKinds.permission,
    title: `Give ${user} the permissions ${missing.join(", ")}`,
    why: "The admin token makes and looks after bots; by default only a system administrator may do that.",
    run: {
      where: `System Console of ${url}: User Management > Users > ${user} > Manage Roles > System Admin; or on its machine`,
      command: `mmctl roles system-admin ${user}`,
    },
    blocks: [...new Set(missing.flatMap((permission) => neededPermissions[permission] ?? []))],
  };
}

/** Looks passively whether a step was done. */
export async function verify(context: Context, step: OpenStep, signal: AbortSignal): Promise<StepVerdict> {
  const on = await context.admin(signal);
  if (step.kind === stepKinds.botCreation) {
    const config = await api.clientConfig(on);
    return config["EnableBotAccountCreation"] === "true"
      ? { state: "done", note: "bot creation is on" }
      : { state: "open", note: "bot creation is still off" };
  }
  if (step.kind === stepKinds.permission) {
    const missing = await missingPermissions(context, signal);
    return missing.length === 0
      ? { state: "done", note: "all permissions are there" }
      : { state: "open", note: `still missing: ${missing.join(", ")}` };
  }
  return { state: "open" };
}

export async function missingPermissions(context: Context, signal: AbortSignal): Promise<readonly string[]> {
  const on = await context.admin(signal);
  const { roles } = await api.getUser(on, "me");
  const held = new Set(
    (await api.getRoles(on, roles.split(" ").filter(Boolean))).flatMap(({ permissions }) => permissions),
  );
  return Object.keys(neededPermissions).filter((permission) => !held.has(permission));
}
