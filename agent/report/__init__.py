"""What people read after a replay: a page that opens offline (page) made of episodes and series."""

from agent.report.page import render_report

__all__ = ["render_report"]
