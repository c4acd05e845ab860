/** Express 4 under the types of version 5: what the tests use of it is the same. */
declare module "express4" {
  import express from "express";
  export default express;
}
