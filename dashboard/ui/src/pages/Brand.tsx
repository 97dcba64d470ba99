import mark from "../theme/mark.svg";
import { Go } from "./Go";

/** The name of the product, which leads to all runs. */
export function Brand() {
  return (
    <Go to="/" className="brand">
      <img src={mark} alt="" width="22" height="22" />
      Flashcrowd
    </Go>
  );
}
