import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import type { Request } from "express";
import { describe, expect, test } from "vitest";
import { VERSIONS } from "../neighbours/express-site.ts";
import { trustOptions, type Value } from "./differences.ts";
import { VALUES } from "./express-values.ts";
import { askOnce } from "./raw-ask.ts";

type Application = ReturnType<(typeof VERSIONS)[number][1]>;

describe.each(VERSIONS)("the values of %s's own tests", (_, express) => {
  const ask = async ({ lines, property }: Value, prepare: (app: Application) => void): Promise<unknown> => {
    const app = express();
    prepare(app);
    const read = (request: Request): unknown => (request as unknown as Record<string, unknown>)[property];
    app.use((request, response) => void response.json([read(request) ?? null]));
    const [value] = (await askOnce(app, "/", lines)) as [unknown];
    return value;
  };

  test.each(VALUES)("$from", async (value) => {
    const { trust, expected, ours = { value: expected } } = value;
    const own = await ask(value, (app) => void app.set("trust proxy", trust ?? false));
    expect(own).toEqual(expected);
    const policy = compilePolicy(trustOptions(trust));
    expect(await ask(value, (app) => void app.use(wherefrom(policy)))).toEqual(ours.value);
    // The application's own trust setting does not matter behind the middleware.
    const both = (app: Application): void => void app.set("trust proxy", true).use(wherefrom(policy));
    expect(await ask(value, both)).toEqual(ours.value);
  });

  test.each(["ip", "hostname", "subdomains"])(
    "req.%s with a Host that an application has deleted",
    async (property) => {
      const value: Value = { from: "", lines: [], property, expected: undefined };
      const forget = (app: Application): void =>
        void app.use((request, _response, next) => {
          request.headers.host = null as unknown as string;
          next();
        });
      const own = await ask(value, forget);
      const ours = await ask(value, (app) => {
        app.use(wherefrom(compilePolicy({ trust: [] })));
        forget(app);
      });
      expect(ours).toEqual(own);
    },
  );
});
