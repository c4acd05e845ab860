import { requirePreload } from "./preloaded.ts";

// Loading this module throws ERR_WHEREFROM_NOT_PRELOADED where @wherefrom/auto was not loaded before: for applications that must not run without.
requirePreload();
