// Mends three races in Gradio 6.31, by standing between its client and the stream of answers. The client opens a stream only when it
// believes that it has none: an event that joins the queue just as the server closes the stream is never answered. Answers that overtake
// the reply to their event are applied in one go, each later one changing the earlier ones, so that parts of the page stay as they were.
// And the server repeats an event's last answer when it completes the event, over what another event has changed meanwhile.
// Here answers wait until no reply is on its way, a stream that closes while an event is unanswered goes on with a new one, and what is
// repeated behind another event's answer changes nothing.
(() => {
  const fetched = window.fetch.bind(window)
  const unanswered = new Set()  // events
  const answering = new Map()  // events with a first answer -> whether another event was answered since their last one
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

  function repeatsBehindAnother({ msg, event_id, output }) {  // true where a repetition may be written over another event's answer
    if (msg !== 'process_generating' && msg !== 'process_completed') return false
    const isBehind = answering.get(event_id)
    for (const other of answering.keys()) answering.set(other, true)
    if (msg === 'process_generating') answering.set(event_id, false)
    else answering.delete(event_id), unanswered.delete(event_id)
    return msg === 'process_completed' && isBehind && Array.isArray(output.data)
  }

  function withoutChange(message) {
    message.output.data.fill(NO_CHANGE)
    return `data: ${JSON.stringify(message)}\n\n`
  }

  async function passOn(stream, out) {  // true if the stream closed while an event was unanswered
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader(), encoder = new TextEncoder()
    let rest = ''
    for (let read; !(read = await reader.read()).done;) {
      const answers = (rest + read.value).split('\n\n')
      rest = answers.pop()
      for (const answer of answers) {
        while (joining) await pause()
        const message = JSON.parse(answer.slice('data: '.length))
        if (message.msg === 'close_stream' && unanswered.size) return true
        out.enqueue(encoder.encode(repeatsBehindAnother(message) ? withoutChange(message) : answer + '\n\n'))
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
