import { getClient, getClientIp, wherefrom } from "@wherefrom/koa";
import Koa from "koa";
import Koa2 from "koa2";
import { type Adapter, farthestFirst, type View } from "./adapter.ts";
import { describeAdapter } from "./describe-adapter.ts";

function koaAdapter(framework: typeof Koa): Adapter {
  return {
    hostHasPort: true,
    noIp: "",
    ipsOf: farthestFirst,
    hasOwnReading: false,
    start: (policy, handle, createServer) => {
      const app = new framework();
      app.silent = true;
      app.use(wherefrom(policy));
      app.use(async (context) => {
        const read = (): View => ({
          ip: context.ip,
          ips: context.ips,
          protocol: context.protocol,
          host: context.host,
          hostname: context.hostname,
          client: getClientIp(context),
          stop: getClient(context).stop,
          own: undefined,
        });
        context.body = JSON.stringify((await handle(read, context.req)) ?? {});
      });
      return createServer(app.callback());
    },
  };
}

describeAdapter("Koa 3", koaAdapter(Koa));
describeAdapter("Koa 2", koaAdapter(Koa2));
