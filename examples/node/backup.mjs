// Makes backups of database instances: the code under test. Needs nothing but Node.js.

const ATTEMPTS = 4;

/** Speaks to API v1 of one project. */
export class Client {
  /** @param {{url: string, id: string, token: string}} project @param {number} pause milliseconds before a retry */
  constructor({ url, id, token }, pause = 1000) {
    this.base = `${url}/rds/v1/${id}`;
    this.headers = { "X-Auth-Token": token, "Content-Type": "application/json" };
    this.pause = pause;
  }

  /**
   * Asks for a backup, and asks again while another operation keeps the instance busy. Where no answer comes, the
   * backup may be there all the same: then it looks, before it asks again.
   */
  async create(instance, name) {
    const body = JSON.stringify({ backup: { name, instance } });
    for (let attempt = 1; ; attempt++) {
      let response;
      try {
        response = await fetch(`${this.base}/backups`, { method: "POST", headers: this.headers, body });
      } catch (error) {
        const made = (await this.list()).find((backup) => backup.name === name);
        if (made) return made;
        if (attempt === ATTEMPTS) throw error;
        continue;
      }
      if (response.ok) return (await response.json()).backup;
      if (response.status !== 409 || attempt === ATTEMPTS) throw new Error(`no backup: ${await response.text()}`);
      await response.arrayBuffer(); // read to its end, the connection can be used again
      await new Promise((resolve) => setTimeout(resolve, this.pause * 2 ** (attempt - 1)));
    }
  }

  /** Lists the manual backups. */
  async list() {
    const response = await fetch(`${this.base}/backups`, { headers: this.headers });
    if (!response.ok) throw new Error(`no list: ${await response.text()}`);
    return (await response.json()).backups;
  }
}
