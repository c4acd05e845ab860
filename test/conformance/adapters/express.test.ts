import express from "express";
import express4 from "express4";
import { describeAdapter } from "./describe-adapter.ts";
import { expressAdapter } from "./express-adapter.ts";

describeAdapter("Express 5", expressAdapter(express, true));
// Express 4 calls the host name `host`, and says at each use that this is deprecated.
describeAdapter("Express 4", expressAdapter(express4, false));
