import type { HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { botIdOf, type Context } from "../context.ts";
import {
  endToken,
  expiryOf,
  isMissingEndpoint,
  issueToken,
  moveTo,
  retire,
  retiringKey,
  toDraft,
  tokenIdOf,
  type Retiring,
} from "../tokens.ts";

export const credentials = (context: Context): HandlersOf<Capabilities, "credentials"> => {
  const { host, features } = context;
  return {
    "credentials.issue": async (_input, call) => ({
      credential: await issueToken(context, await context.admin(call.signal), botIdOf(call), call.bot?.handle ?? ""),
    }),
    "credentials.rotate": async (_input, call) => {
      const on = await context.admin(call.signal);
      const handle = call.bot?.handle ?? "";
      const old = await tokenIdOf(context, on, call);
      if (features.rotate) {
        const expiresAt = expiryOf(context);
        try {
          const credential = toDraft(context, await api.rotateToken(on, old, expiresAt), expiresAt);
          // The old secret is dead: the open socket hears nothing any more.
          void moveTo(context, handle, credential.secret).catch((error: unknown) =>
            host.log.warn("the socket could not move to the rotated token yet", { bot: handle, error }),
          );
          return { credential };
        } catch (error) {
          if (!isMissingEndpoint(error)) throw error;
          features.rotate = false;
        }
      }
      const credential = await issueToken(context, on, botIdOf(call), handle);
      const waiting: Retiring = { old, fresh: credential.nativeId ?? "" };
      await host.store.put({ [retiringKey(handle)]: waiting });
      // The core seals what is answered here; only then may the old one end.
      void retire(context, handle).catch((error: unknown) =>
        host.log.warn("the old token still works; it is revoked at the next start", { bot: handle, token: old, error }),
      );
      return { credential };
    },
    "credentials.revoke": async (_input, call) => {
      const on = await context.admin(call.signal);
      await endToken(on, await tokenIdOf(context, on, call));
      return {};
    },
    "credentials.disable": async (_input, call) => {
      const on = await context.admin(call.signal);
      await api.switchToken(on, "disable", await tokenIdOf(context, on, call));
      return {};
    },
    "credentials.enable": async (_input, call) => {
      const on = await context.admin(call.signal);
      await api.switchToken(on, "enable", await tokenIdOf(context, on, call));
      const handle = call.bot?.handle ?? "";
      // A refused send has made the bot `auth_required`; its socket may be deaf and has to look.
      host.report({ kind: "bot", bot: handle }, { state: "ready" });
      context.wake.get(handle)?.();
      return {};
    },
  };
};
