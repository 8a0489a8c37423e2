#!/usr/bin/env python3
"""Talks to `flowchat serve` through OpenAI's own Python client.

    pip install openai
    FLOW_CHAT_FOLDER=out swift test -c release --package-path Examples --filter ChatModelFile
    python3 Tests/Compatibility/check_openai_client.py Examples/.build/release/flowchat out/chat.gguf

Exit status 0 when every check holds.
"""
import sys

import openai

from chat_server import Server

FAILED = []


def check(name, condition, detail=""):
    print(("ok    " if condition else "WRONG ") + name + (f": {detail}" if detail and not condition else ""))
    if not condition:
        FAILED.append(name)


def raises(name, kind, code, parameter, call):
    try:
        call()
    except openai.APIStatusError as error:
        check(name, type(error) is kind and error.code == code and error.param == parameter and error.message,
              f"{type(error).__name__} {error.code} {error.param} {error.message}")
    except Exception as error:  # noqa: BLE001
        check(name, False, repr(error))
    else:
        check(name, False, "no error")


def main(program, model):
    key = "sk-test-0123456789"
    with Server(program, model, key=key) as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0)
        models = client.models.list().data
        check("models", len(models) == 1 and models[0].object == "model")
        name = models[0].id
        check("one model", client.models.retrieve(name).id == name)
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a block?"}]

        def chat(**more):
            return client.chat.completions.create(**{"model": name, "messages": messages, "max_tokens": 40, "temperature": 1, "seed": 7, **more})

        whole = chat()
        choice = whole.choices[0]
        usage = whole.usage
        check("chat", whole.object == "chat.completion" and choice.message.role == "assistant" and choice.message.content)
        check("finish reason", choice.finish_reason in ("stop", "length"))
        check("usage", usage.prompt_tokens > 20 and 0 < usage.completion_tokens <= 40
              and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens)
        check("the same seed", chat().choices[0].message.content == choice.message.content)
        check("another seed", chat(seed=8).choices[0].message.content != choice.message.content)
        again = chat()
        check("cached tokens", again.usage.prompt_tokens_details.cached_tokens == usage.prompt_tokens - 1,
              again.usage.prompt_tokens_details)
        parts = [{"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "text", "text": "a block?"}]}]
        check("text parts", chat(messages=parts).choices[0].message.content
              == chat(messages=[{"role": "user", "content": "What is a block?"}]).choices[0].message.content)

        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        check("stream", text == choice.message.content, repr((text, choice.message.content)))
        check("first piece", chunks[0].choices[0].delta.role == "assistant")
        reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
        check("stream's finish reason", reasons == [choice.finish_reason])
        check("stream's usage", chunks[-1].choices == [] and chunks[-1].usage.total_tokens == usage.total_tokens
              and all(chunk.usage is None for chunk in chunks[:-1]))
        check("no usage unasked", all(chunk.usage is None for chunk in chat(stream=True)))
        check("one id", len({chunk.id for chunk in chunks}) == 1)

        stop = next(character for character in text[3:] if character.isascii() and character.strip())
        cut = chat(stop=stop)
        check("stop", cut.choices[0].message.content == text[: text.index(stop)] and cut.choices[0].finish_reason == "stop", repr(stop))
        cut = "".join(chunk.choices[0].delta.content or "" for chunk in chat(stop=["\0\0", stop], stream=True))
        check("stop in a stream", cut == text[: text.index(stop)])
        with chat(stream=True, max_tokens=4000, logit_bias={10: -100, 257: -100}) as stream:
            for index, _ in enumerate(stream):
                if index == 5:
                    break
        check("a stream can be left", True)

        several = chat(n=3)
        check("n", [c.index for c in several.choices] == [0, 1, 2] and several.choices[0].message.content == choice.message.content
              and len({c.message.content for c in several.choices}) == 3)
        joined = ["", "", ""]
        for chunk in chat(n=3, stream=True):
            joined[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
        check("n in a stream", joined == [c.message.content for c in several.choices])

        listed = chat(logprobs=True, top_logprobs=3).choices[0]
        content = listed.logprobs.content
        check("logprobs", all(len(entry.top_logprobs) == 3 and entry.logprob <= entry.top_logprobs[0].logprob <= 0 for entry in content))
        raw = bytes(byte for entry in content for byte in entry.bytes)
        check("logprobs' bytes", raw.decode(errors="replace").lstrip().startswith(listed.message.content[:5]), raw)
        streamed = []
        for chunk in chat(logprobs=True, top_logprobs=3, stream=True):
            if chunk.choices[0].logprobs:
                streamed += chunk.choices[0].logprobs.content
        check("logprobs in a stream", streamed == content)
        check("bias", set(chat(temperature=0, max_tokens=9, logit_bias={65: 100}).choices[0].message.content) == {"A"})
        check("max_completion_tokens", chat(max_tokens=openai.omit, max_completion_tokens=3, logit_bias={10: -100, 257: -100}).usage.completion_tokens == 3)

        complete = lambda **more: client.completions.create(**{"model": name, "prompt": "Once", "max_tokens": 12, "temperature": 0, **more})
        plain = complete()
        check("completion", plain.object == "text_completion" and plain.choices[0].text is not None)
        check("echo", complete(echo=True).choices[0].text == "Once" + plain.choices[0].text)
        check("several prompts", [c.text for c in complete(prompt=["Once", "Twice"]).choices][0] == plain.choices[0].text)
        check("tokens as prompt", complete(prompt=[256, *b"Once"]).choices[0].text == plain.choices[0].text)
        check("completion's stream", "".join(chunk.choices[0].text for chunk in complete(stream=True)) == plain.choices[0].text)
        logprobs = complete(logprobs=2).choices[0].logprobs
        check("completion's logprobs", len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs)
              == len(logprobs.text_offset) > 0 and all(len(top) == 2 for top in logprobs.top_logprobs))

        bad = openai.BadRequestError
        raises("unknown model", openai.NotFoundError, "model_not_found", "model", lambda: chat(model="gpt-4o"))
        raises("temperature", bad, "invalid_value", "temperature", lambda: chat(temperature=2.5))
        raises("temperature's type", bad, "invalid_value", "temperature", lambda: chat(temperature="hot"))
        raises("top_p", bad, "invalid_value", "top_p", lambda: chat(top_p=-0.1))
        raises("max_tokens", bad, "invalid_value", "max_tokens", lambda: chat(max_tokens=0))
        raises("n above", bad, "invalid_value", "n", lambda: chat(n=99))
        raises("no messages", bad, "invalid_value", "messages", lambda: chat(messages=[]))
        raises("role", bad, "invalid_value", "messages[0].role", lambda: chat(messages=[{"role": "nobody", "content": "x"}]))
        raises("content", bad, "missing_required_parameter", "messages[0].content", lambda: chat(messages=[{"role": "user", "content": None}]))
        raises("image", bad, "invalid_value", "messages[0].content[0].type",
               lambda: chat(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]))
        raises("tools", bad, "unsupported_parameter", "tools", lambda: chat(tools=[{"type": "function", "function": {"name": "f"}}]))
        raises("too long", bad, "context_length_exceeded", "messages", lambda: chat(messages=[{"role": "user", "content": "word " * 4000}]))
        raises("token", bad, "invalid_value", "prompt", lambda: complete(prompt=[1, 999_999]))
        stranger = openai.OpenAI(base_url=server.url + "/v1", api_key="sk-wrong", max_retries=0)
        raises("key", openai.AuthenticationError, "invalid_api_key", None, stranger.models.list)
    print(f"{len(FAILED)} of the checks failed" if FAILED else "all checks hold")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
