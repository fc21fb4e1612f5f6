# brawn's ready-made function: pictures that come to one bucket, by way of a queue, become thumbnails in another.

terraform {
  required_version = ">= 1.5"
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.32"
    }
  }
}

variable "uploads_bucket" {
  description = "The bucket to make for uploads; names are unique in the world."
  type        = string
}

variable "thumbnails_bucket" {
  description = "The bucket to make for thumbnails. Another one than for uploads, so that nothing triggers itself."
  type        = string
}

variable "bootstrap" {
  description = "What `cargo lambda build --release --arm64 -p brawn-function` makes."
  type        = string
  default     = "../../target/lambda/bootstrap/bootstrap"
}

data "aws_caller_identity" "current" {}

data "archive_file" "function" {
  type             = "zip"
  source_file      = var.bootstrap
  output_path      = "${path.module}/bootstrap.zip"
  output_file_mode = "0755"
}

resource "aws_lambda_function" "thumbnails" {
  function_name    = "thumbnails"
  description      = "Thumbnails of what is uploaded"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  role             = aws_iam_role.function.arn
  timeout          = 60

  # One vCPU. Ten pictures at a time scale with it: 3538 MB are two, and half the time for the same price.
  memory_size = 1769

  environment {
    variables = {
      BRAWN_RECIPE = jsonencode({
        job    = "image"
        width  = [320, 800]
        format = ["webp"]
        to     = "s3://${aws_s3_bucket.thumbnails.bucket}/"
      })
      POWERTOOLS_METRICS_NAMESPACE = "Thumbnails"
      POWERTOOLS_SERVICE_NAME      = "thumbnails"
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.function.name
  }
}

resource "aws_lambda_event_source_mapping" "uploads" {
  event_source_arn = aws_sqs_queue.uploads.arn
  function_name    = aws_lambda_function.thumbnails.arn
  batch_size       = 10

  # Without it a picture that fails brings back the nine that did not.
  function_response_types = ["ReportBatchItemFailures"]

  # Lambda asks whether it may read the queue when the mapping is made.
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/thumbnails"
  retention_in_days = 14
}

resource "aws_iam_role" "function" {
  name_prefix        = "thumbnails-"
  assume_role_policy = data.aws_iam_policy_document.is_lambda.json
}

resource "aws_iam_role_policy" "function" {
  name   = "thumbnails"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "is_lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "function" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.uploads.arn}/*"]
  }
  statement {
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.thumbnails.arn}/*"]
  }
  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.uploads.arn]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_sqs_queue" "uploads" {
  name_prefix = "uploads-"

  # Six times the function's timeout, as AWS asks for: a message that is worked on must not be seen twice.
  visibility_timeout_seconds = 360
  message_retention_seconds  = 345600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

# What failed five times. Look into it before the two weeks are over.
resource "aws_sqs_queue" "dead_letters" {
  name_prefix               = "uploads-dead-"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "uploads" {
  queue_url = aws_sqs_queue.uploads.id
  policy    = data.aws_iam_policy_document.uploads_may_send.json
}

data "aws_iam_policy_document" "uploads_may_send" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.uploads.arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.uploads.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_s3_bucket" "uploads" {
  bucket = var.uploads_bucket
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  queue {
    queue_arn = aws_sqs_queue.uploads.arn
    events    = ["s3:ObjectCreated:*"]
  }

  # S3 asks whether it may send when the notification is made.
  depends_on = [aws_sqs_queue_policy.uploads]
}

resource "aws_s3_bucket" "thumbnails" {
  bucket = var.thumbnails_bucket
}

resource "aws_s3_bucket_lifecycle_configuration" "thumbnails" {
  bucket = aws_s3_bucket.thumbnails.id

  # Parts of uploads that were cut off are not seen, and paid for.
  rule {
    id     = "cut-off-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

output "function" {
  value = aws_lambda_function.thumbnails.function_name
}

output "dead_letters" {
  description = "The queue of what failed five times"
  value       = aws_sqs_queue.dead_letters.url
}
