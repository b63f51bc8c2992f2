# Thin over `python3 -m sandbox`, which says what each does.
PYTHON ?= python3

.PHONY: demo test lint stop

demo test lint stop:
	@$(PYTHON) -m sandbox $@
