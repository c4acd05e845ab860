import Koa from "koa";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = new Koa();
app.proxy = true;
app.use((ctx) => {
  ctx.body = ctx.path === "/origin" ? `${ctx.protocol}://${ctx.hostname}` : ctx.ip;
});
tell(createServer(app.callback()));
