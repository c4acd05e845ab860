import { type Policy, trustFunction } from "@wherefrom/core";
import type { Express } from "express";

/** The views of each application, by policy. */
const views = new WeakMap<Express, WeakMap<Policy, Express>>();

/**
 * `req.app` for a request under `policy`: the application in everything but its setting "trust proxy", which libraries ask as `req.app.get("trust proxy")` or
 * `("trust proxy fn")`. There it says what the policy says of X-Forwarded-For, and 0, no proxy, where that is nothing. The setting itself is the application's own and
 * stays as it is: other routes, earlier middleware and sub-applications read it.
 */
export function applicationOf(app: Express, policy: Policy): Express {
  const known = views.get(app)?.get(policy);
  if (known !== undefined) return known;
  const view = viewOf(app, policy);
  if (!views.has(app)) views.set(app, new WeakMap());
  views.get(app)?.set(policy, view);
  return view;
}

function viewOf(app: Express, policy: Policy): Express {
  const trust = trustFunction(policy);
  const told = new Map<string | symbol, unknown>([
    ["trust proxy", policy.headers.includes("x-forwarded-for") ? trust : 0],
    ["trust proxy fn", trust],
  ]);
  const settings = new Proxy(app.settings as object, {
    get: (target, name) => (told.has(name) ? told.get(name) : Reflect.get(target, name)),
    // Express 4 looks for the application, of those mounted in each other, that has the setting itself.
    getOwnPropertyDescriptor: (target, name) =>
      told.has(name)
        ? { configurable: true, enumerable: true, value: told.get(name), writable: true }
        : Reflect.getOwnPropertyDescriptor(target, name),
  });
  return new Proxy(app, { get: (target, name) => (name === "settings" ? settings : Reflect.get(target, name)) });
}
