/** Starts the page. */
import { render } from "preact";
import "./style/index.css";
import { App } from "./app.js";
import { takeUnknownPath } from "./route.js";

takeUnknownPath();
render(<App />, document.body);
