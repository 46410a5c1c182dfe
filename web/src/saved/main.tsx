/** Starts a page that the command line has saved as one file. */
import { render } from "preact";
import "../style/saved-page.css";
import { dataOf } from "./data.js";
import { SavedPage } from "./saved-page.js";

render(<SavedPage data={dataOf(document)} />, document.body);
