"""Chat completions. The notation is explained in the package."""

TASKS = """
## AI

create_openai_chat_completion: Ask OpenAI
    model*: {}; prompt*: long; system_prompt: long; max_tokens+: int 1..
    reasoning_effort+: minimal|low|medium|high; reasoning_summary+: auto|concise|detailed
    temperature+: number 0..2; top_p+: number 0..1

create_anthropic_chat_completion: Ask Anthropic
    model*: {}; prompt*: long; system_prompt: long; ~max_tokens+: int

create_google_gemini_chat_completion: Ask Google Gemini
    model*: {}; prompt*: long; system_prompt: long

create_mistral_chat_completion: Ask Mistral
    model*: {}; prompt*: long; system_prompt: long; max_tokens+: int 1..; temperature+: number 0..1.5
    top_p+: number 0..1

create_watsonx_chat_completion: Ask watsonx
    model*: {}; project_id*; prompt*: long; system_prompt: long

^genius_create_openai_chat_completion: Ask OpenAI (Genius, older)
    model*: {}; prompt*: long; system_prompt: long

^genius_create_anthropic_chat_completion: Ask Anthropic (Genius, older)
    model*: {}; prompt*: long; system_prompt: long

^genius_create_google_gemini_chat_completion: Ask Google Gemini (Genius, older)
    model*: {}; prompt*: long; system_prompt: long

^genius_create_watsonx_chat_completion: Ask watsonx (Genius, older)
    model*: {}; project_id*; prompt*: long; system_prompt: long
"""
