import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** The way between a browser and a server, which can be cut. */
export class Cable {
  readonly #ends = new Set<Socket>();
  #broken = false;
  readonly #server = createServer((near) => {
    if (this.#broken) {
      near.destroy();
      return;
    }
    const far = connect(this.port, "127.0.0.1");
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(end);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        this.#ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });

  private constructor(private readonly port: number) {}

  /** A cable to a port of this machine, and its own port. */
  static async to(port: number): Promise<{ cable: Cable; port: number }> {
    const cable = new Cable(port);
    cable.#server.listen(0, "127.0.0.1");
    await once(cable.#server, "listening");
    return { cable, port: (cable.#server.address() as AddressInfo).port };
  }

  /** Ends every connection without a word, as a lost network does, and lets none through until it is mended. */
  cut(): void {
    this.#broken = true;
    for (const end of this.#ends) end.destroy();
  }

  mend(): void {
    this.#broken = false;
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}
