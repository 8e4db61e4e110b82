import { createRoot } from "react-dom/client";
import { App } from "./app";
import { followLinks, signIn } from "./features/session/session";
import { askAhead } from "./shared/api/queries";
import { followOtherWindows } from "./shared/kept";
import "@fontsource-variable/inter";
import "./shared/style/tokens.css";
import "./shared/style/base.css";
import "./features/shell/shell.css";
import "./features/grid/grid.css";
import "./features/record/record.css";
import "./features/screens.css";

const home = document.getElementById("app");
if (!home) throw new Error("The page has no place for the app.");
// The engine was replaced by another version while the page was open: parts that were not fetched yet are no more.
addEventListener("vite:preloadError", () => location.reload());
followLinks();
followOtherWindows();
const session = await signIn();
if (session === "open") void askAhead();
createRoot(home).render(<App session={session} />);
