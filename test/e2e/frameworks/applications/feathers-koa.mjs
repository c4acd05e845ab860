import { feathers } from "@feathersjs/feathers";
import { koa, rest } from "@feathersjs/koa";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = koa(feathers());
app.proxy = true;
app.use(async (context, next) => {
  context.feathers = { ...context.feathers, ip: context.ip };
  await next();
});
app.configure(rest());
app.use("ip", { find: async ({ ip }) => [ip] });
tell(createServer(app.callback()));
