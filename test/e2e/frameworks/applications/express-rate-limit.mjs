import express from "express";
import { rateLimit } from "express-rate-limit";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = express();
app.set("trust proxy", true);
app.use(rateLimit({ limit: 1000, validate: false }));
app.get("/", (request, response) => void response.send(request.rateLimit.key));
tell(createServer(app));
