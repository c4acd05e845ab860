import { getRequestIP, H3, toNodeHandler } from "h3";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = new H3();
app.get("/", (event) => getRequestIP(event, { xForwardedFor: true }));
app.get("/peer", (event) => getRequestIP(event));
tell(createServer(toNodeHandler(app)));
