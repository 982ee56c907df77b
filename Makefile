# The two commands of the README: `make demo` and `make test`. Everything they need is set up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

.PHONY: demo test lint eval eval-detect eval-align eval-faults eval-words learn-words fit-quality bench bench-memory bench-idle bench-detect bench-dataset bench-serve lock types clean
.DELETE_ON_ERROR:

$(VENV)/base.stamp: requirements.txt requirements-build.txt pyproject.toml
	@echo "setting up the environment in $(VENV) (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --no-deps --require-hashes -r requirements-build.txt
	@echo "installing the packages of requirements.txt"
	@$(PIP) install --no-deps --require-hashes --no-build-isolation --no-compile -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/base.stamp requirements-dev.txt
	@echo "adding the developers' tools"
	@$(PIP) install --no-deps --require-hashes --no-build-isolation -r requirements-dev.txt
	@touch $@

demo: $(VENV)/base.stamp  ## environment, model, main job on data/samples, result shown
	@$(BIN)/duiyi models list 2>/dev/null | grep -q . || $(BIN)/duiyi models install
	@$(BIN)/duiyi run data/samples --out out/demo --show 12

test: $(VENV)/dev.stamp  ## the whole test suite
	@$(BIN)/python -m pytest

types:
	@mkdir -p build/types/duiyi
	@for name in processors flows config; do ln -sfn ../../../$$name build/types/duiyi/$$name; done

lint: $(VENV)/dev.stamp types  ## ruff and mypy (strict on processors/)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy -p duiyi.processors -p duiyi.flows

eval: $(VENV)/dev.stamp  ## translation beside published systems on the sets in DUIYI_EVAL_DIR (ENGINE=llm LINES=400 SET="…"; ARGS="--help")
	@$(BIN)/python tests/eval_translation.py --engine $(or $(ENGINE),auto) $(if $(LINES),--lines $(LINES)) $(foreach one,$(SET),--set '$(one)') \
		$(if $(PROMPT),--set 'translation.llm_prompt=$(PROMPT)') $(ARGS)

eval-detect: $(VENV)/dev.stamp  ## detection beside its peers on the gold set (SPLIT=held or dev; default all)
	@$(BIN)/python tests/eval_detection.py $(SPLIT)

eval-align: $(VENV)/dev.stamp  ## author pairs beside two baselines on the texts in DUIYI_EVAL_DIR (SPLIT=dev: the half for tuning)
	@$(BIN)/python tests/eval_alignment.py $(SPLIT)

eval-faults: $(VENV)/dev.stamp  ## precision and recall of each flag on the fault set; good translations flagged (DUIYI_EVAL_DIR)
	@$(BIN)/python tests/eval_faults.py

fit-quality: $(VENV)/dev.stamp  ## fit the weights of quality on WMT22 (DUIYI_EVAL_DIR, sacrebleu) and show how well they hold
	@$(BIN)/python tests/eval_quality.py --write

eval-words: $(VENV)/dev.stamp  ## word alignment beside the diagonal on the gold set (SPLIT=held or dev; default all)
	@$(BIN)/python tests/eval_words.py $(SPLIT)

learn-words: $(VENV)/dev.stamp  ## what the parts of Chinese words mean, learnt anew from the packaged dictionary
	@$(BIN)/python tests/learn_character_meanings.py

bench-detect: $(VENV)/dev.stamp  ## speed of detection and analysis beside peers (TEXT="FILES"; default: samples and gold set)
	@$(BIN)/python tests/benchmarks/bench_detection.py $(TEXT)

bench-memory: $(VENV)/dev.stamp  ## memory of the process tree while 100,000 sentences, 2,000 distinct, go through (SENTENCES= DISTINCT= ENGINE=argos)
	@$(BIN)/python tests/benchmarks/bench_run.py memory $(or $(SENTENCES),100000) $(or $(DISTINCT),2000) $(ENGINE)

bench-idle: $(VENV)/dev.stamp  ## how long in a run no translation goes on (DOCUMENTS=2000; some minutes)
	@$(BIN)/python tests/benchmarks/bench_run.py idle $(or $(DOCUMENTS),2000)

build/argos-peer/stamp: requirements.txt
	@echo "setting up Argos Translate's own environment in build/argos-peer (600 MB, once)"
	@mkdir -p $(@D)
	@grep -oE '^(argostranslate|ctranslate2|sacremoses|sentencepiece)==[^ ;]+' requirements.txt > $(@D)/constraints.txt
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install -c $(@D)/constraints.txt ctranslate2 sentencepiece sacremoses packaging minisbd spacy
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install -c $(@D)/constraints.txt --no-deps argostranslate
	@touch $@

bench: $(VENV)/dev.stamp build/argos-peer/stamp  ## translation beside the bare CTranslate2 call and a loop over Argos Translate (SENTENCES=400 ROUNDS=3; some minutes; LLM=1: the language model)
	@$(BIN)/python tests/benchmarks/bench_translation.py $(if $(LLM),--llm $(or $(SENTENCES),64),$(or $(SENTENCES),400) $(or $(ROUNDS),3))

bench-dataset: $(VENV)/dev.stamp  ## reruns, 300 nights and layouts of the dataset, memory over a big input (MB=20; about 20 minutes)
	@$(BIN)/python tests/benchmarks/bench_dataset_rerun.py
	@$(BIN)/python tests/benchmarks/bench_dataset_nights.py
	@$(BIN)/python tests/benchmarks/bench_dataset_nights.py layouts
	@$(BIN)/python tests/benchmarks/bench_dataset_stream.py $(or $(MB),20)

bench-serve: $(VENV)/dev.stamp  ## memory, files and database over many scheduled runs (RUNS=60; about 15 minutes)
	@$(BIN)/python tests/benchmarks/bench_serve_nights.py $(or $(RUNS),60)

lock: $(VENV)/dev.stamp  ## resolve the locks anew; they name no host
	@echo setuptools wheel | tr ' ' '\n' | $(COMPILE) - -o requirements-build.txt
	@$(COMPILE) pyproject.toml -o requirements.txt
	@$(COMPILE) pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) build out .pytest_cache .mypy_cache .ruff_cache .hypothesis
