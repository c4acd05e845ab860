import { compilePolicy, type Policy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/koa";
import Koa, { type Context } from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { trustOptions } from "./differences.ts";
import { type KoaValue, VALUES } from "./koa-values.ts";
import { askOnce } from "./raw-ask.ts";

const PATH = "/users/1?next=/dashboard";

describe.each([
  [3, Koa],
  [2, Koa2 as typeof Koa],
] as const)("the values of Koa %i's own tests", (version, framework) => {
  const ask = async ({ lines, property }: KoaValue, app: Koa): Promise<unknown> => {
    app.silent = true;
    app.use((context: Context) => {
      context.body = JSON.stringify([(context as unknown as Record<string, unknown>)[property]]);
    });
    const listener = app.callback();
    const [value] = (await askOnce((request, response) => void listener(request, response), PATH, lines)) as [unknown];
    return value;
  };
  const options = ({ trust }: KoaValue): { proxy: boolean; maxIpsCount?: number } => ({
    proxy: trust !== undefined,
    ...(typeof trust === "number" && { maxIpsCount: trust }),
  });

  const behind = (app: Koa, policy: Policy): Koa => {
    app.use(wherefrom(policy));
    return app;
  };

  test.each(VALUES.filter(({ versions = [2, 3] }) => versions.includes(version)))("$from", async (value) => {
    const { trust, expected, ours = { value: expected } } = value;
    expect(await ask(value, new framework(options(value)))).toEqual(expected);
    const policy = compilePolicy(trustOptions(trust));
    expect(await ask(value, behind(new framework(), policy))).toEqual(ours.value);
    // The application's own trust setting does not matter behind the middleware.
    expect(await ask(value, behind(new framework({ proxy: true }), policy))).toEqual(ours.value);
  });
});
