# rag serve on port 7861, on the processor; see docs/how-to/install.md.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY constraints.txt ./
# Everything but rag itself, in a layer that a change of its code leaves alone.
COPY pyproject.toml ./
RUN python -m venv /opt/rag \
    && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\\n')" \
        > requirements.txt \
    && /opt/rag/bin/pip install --no-cache-dir --constraint constraints.txt \
        --extra-index-url https://download.pytorch.org/whl/cpu --requirement requirements.txt
COPY README.md LICENSE ./
COPY rag rag
COPY ui ui
COPY eval eval
COPY corpus corpus
RUN /opt/rag/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --uid 1000 --create-home rag && install --directory --owner rag --group rag /data
COPY --from=build /opt/rag /opt/rag
ENV PATH=/opt/rag/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_DATA_HOME=/data \
    XDG_CACHE_HOME=/data/cache
USER 1000
WORKDIR /home/rag
# The index, the API keys and the converted models.
VOLUME /data
EXPOSE 7861
# The first start converts the models and builds the index of the included articles.
HEALTHCHECK --interval=30s --timeout=10s --start-period=5m \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7861/api/health', timeout=9)"]
# Behind a reverse proxy that encrypts, or on this machine alone.
CMD ["rag", "serve", "--host", "0.0.0.0", "--plain-http"]
