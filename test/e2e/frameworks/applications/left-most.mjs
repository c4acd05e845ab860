import { createServer } from "node:http";
import { tell } from "./tell.mjs";

// What most code that was ever written for it does.
tell(
  createServer(({ headers, socket }, response) => {
    response.end(headers["x-forwarded-for"]?.split(",")[0].trim() ?? socket.remoteAddress);
  }),
);
