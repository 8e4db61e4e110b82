import { createRoot } from "react-dom/client";
import { App } from "./app";
import { followLinks, signIn } from "./features/session/session";
import "@fontsource-variable/inter";
import "./shared/style/tokens.css";
import "./shared/style/base.css";
import "./features/shell/shell.css";
import "./features/grid/grid.css";
import "./features/record/record.css";
import "./features/screens.css";

const home = document.getElementById("app");
if (!home) throw new Error("The page has no place for the app.");
followLinks();
const session = await signIn();
createRoot(home).render(<App session={session} />);
