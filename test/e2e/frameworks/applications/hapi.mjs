import Hapi from "@hapi/hapi";
import { tell } from "./tell.mjs";

const hapi = Hapi.server({ port: 0, host: "127.0.0.1" });
hapi.route([
  {
    method: "GET",
    path: "/",
    handler: ({ headers, info }) => headers["x-forwarded-for"]?.split(",")[0] ?? info.remoteAddress,
  },
  { method: "GET", path: "/peer", handler: ({ info }) => info.remoteAddress },
]);
await hapi.start();
tell(hapi.listener);
