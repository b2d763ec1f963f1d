// Mends three races in Gradio 6.31, by standing between its client and the stream of answers. The client opens a stream only when it
// believes that it has none: an event that joins the queue just as the server closes the stream is never answered. Answers that overtake
// the reply to their event are applied in one go, each later one changing the earlier ones, so that parts of the page stay as they were.
// And the server repeats an event's last answer when it completes the event, over what another event has changed meanwhile.
// Here answers wait until no reply is on its way, a stream that closes while an event is unanswered goes on with a new one, and what is
// repeated changes nothing.
(() => {
  const fetched = window.fetch.bind(window)
  const unanswered = new Set(), partly = new Set()  // events without an answer, with a first one
  const NO_CHANGE = { __type__: 'update' }  // of a component, as Gradio's skip() writes it
  const UNTIL_READ_MS = 20  // the client takes a moment to read a reply
  let joining = 0

  const pause = () => new Promise(done => setTimeout(done, 5))

  async function join(request) {
    joining += 1
    try {
      const reply = await fetched(...request), text = await reply.text()
      if (reply.ok) unanswered.add(JSON.parse(text).event_id)
      return new Response(text, reply)
    } finally {
      setTimeout(() => { joining -= 1 }, UNTIL_READ_MS)
    }
  }

  async function passOn(stream, out) {  // true if the stream closed while an event was unanswered
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader(), encoder = new TextEncoder()
    let rest = ''
    for (let read; !(read = await reader.read()).done;) {
      const answers = (rest + read.value).split('\n\n')
      rest = answers.pop()
      for (const answer of answers) {
        while (joining) await pause()
        const message = JSON.parse(answer.slice('data: '.length)), { msg, event_id, output } = message
        if (msg === 'close_stream' && unanswered.size) return true
        if (msg === 'process_generating') partly.add(event_id)
        if (msg === 'process_completed') unanswered.delete(event_id)
        const repeats = msg === 'process_completed' && partly.delete(event_id) && output.data
        if (repeats) output.data = output.data.map(() => NO_CHANGE)
        out.enqueue(encoder.encode(repeats ? `data: ${JSON.stringify(message)}\n\n` : answer + '\n\n'))
      }
    }
    return false
  }

  async function listen(request) {
    const first = await fetched(...request)
    if (!first.ok) return first
    const start = async out => {
      try {
        for (let next = first; await passOn(next.body, out);) next = await fetched(...request)
        out.close()
      } catch (error) {
        out.error(error)  // the client has closed the stream, or the connection broke
      }
    }
    return new Response(new ReadableStream({ start }), first)
  }

  window.fetch = (...request) => {
    const { pathname } = new URL(request[0].url ?? request[0], location)
    return pathname.endsWith('/queue/data') ? listen(request) : pathname.endsWith('/queue/join') ? join(request) : fetched(...request)
  }
})()
