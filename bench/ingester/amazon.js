// The Selling Partner API, as far as orders need it.

import { Pool } from 'undici'

export class Amazon {
  constructor (url, { connections }) {
    const { origin, pathname } = new URL(url)

    this.base = pathname
    this.pool = new Pool(origin, { connections, keepAliveTimeout: 60000 })
  }

  async call (method, path, headers, body) {
    const answer = await this.pool.request({
      method, path: this.base + path, headers, body
    })

    if (answer.statusCode !== 200) {
      throw new Error(`${method} ${path}: ${answer.statusCode} ` +
        await answer.body.text())
    }

    return JSON.parse(await answer.body.text())
  }

  async token (seller) {
    const answer = await this.call('POST', '/auth/o2/token', {
      'content-type': 'application/x-www-form-urlencoded'
    }, new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: `Atzr|sandbox-${seller}`,
      client_id: 'sandbox-client',
      client_secret: 'sandbox-secret'
    }).toString())

    return answer.access_token
  }

  page (token, query) {
    return this.call('GET', '/orders/2026-01-01/orders?' +
      new URLSearchParams(query), { 'x-amz-access-token': token })
  }

  close () {
    return this.pool.destroy()
  }
}
