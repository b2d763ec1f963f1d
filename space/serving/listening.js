// Mends a race in the client of Gradio 6.31. The client opens a stream of answers only when it believes that it has none. When the server
// closes the stream while a new event joins the queue, the client may read the reply to the event first; nobody then waits for its answer.
// So the reply is held back until the stream has named the event, or has ended and the client knows it.
(() => {
  const fetched = window.fetch.bind(window)
  const named = new Set()  // the events that the streams have named
  let streams = 0  // that are open or being opened
  const soon = () => new Promise(done => setTimeout(done, 5))

  async function note(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
    let last = ''  // a name may come in two parts
    for (let read; !(read = await reader.read()).done; last = read.value.slice(-100))
      for (const [, event] of (last + read.value).matchAll(/"event_id": ?"(\w+)"/g)) named.add(event)
  }

  async function follow(request) {
    streams += 1
    const ended = () => { streams -= 1 }
    const answer = await fetched(...request).catch(error => { ended(); throw error })
    if (!answer.body) { ended(); return answer }
    const [theirs, ours] = answer.body.tee()
    note(ours).then(ended, ended)  // it fails when the client closes the stream, or the connection breaks
    return new Response(theirs, answer)
  }

  async function join(request) {
    const answer = await fetched(...request)
    const event = answer.ok && (await answer.clone().json()).event_id
    while (event && streams && !named.has(event)) await soon()
    return answer
  }

  window.fetch = (...request) => {
    const { pathname } = new URL(request[0].url ?? request[0], location)
    return pathname.endsWith('/queue/data') ? follow(request) : pathname.endsWith('/queue/join') ? join(request) : fetched(...request)
  }
})()
