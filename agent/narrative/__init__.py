"""An incident in words, from its evidence alone: what, where, since when, how sure, why, and what to do."""

from agent.narrative.chinese import summarize_chinese as summarize_chinese
from agent.narrative.english import summarize_english as summarize_english
from agent.narrative.facts import Facts as Facts
from agent.narrative.facts import facts_of as facts_of
from agent.narrative.facts import facts_read as facts_read
from agent.narrative.ruled_out import say_ruled_out as say_ruled_out
from agent.narrative.together import say_back as say_back
from agent.narrative.together import say_together as say_together
